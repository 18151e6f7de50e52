//! What was written: the fields of a struct, and what each of them is.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{
    Attribute, Expr, Field, Fields, GenericArgument, Generics, Ident, Item, LifetimeParam, PathArguments, PathSegment,
    Type, Visibility,
};

use super::closure::Closure;
use super::content;
use super::ending::Ending;
use super::scan;
use crate::attributes::parenthesized;
use crate::blame::{our_generics, written};
use crate::budget::Budget;
use crate::errors::Errors;
use crate::options::{Input, Of, Options};
use crate::texts;

/// A struct with named fields.
pub(super) struct Model<'a> {
    pub(super) options: Options,
    pub(super) head: Head<'a>,
    pub(super) fields: Vec<Member<'a>>,
    /// All that parameters can name: of a field that keeps an input, and has its name, that input.
    pub(super) names: BTreeMap<String, Dependency>,
}

/// A type, whatever is in it.
pub(super) struct Head<'a> {
    pub(super) attrs: &'a [Attribute],
    pub(super) vis: &'a Visibility,
    pub(super) name: &'a Ident,
    pub(super) generics: Generics,
    /// The first one that it has, as it was written.
    pub(super) lifetime: Option<&'a LifetimeParam>,
    /// What it is, with its article, if it is no struct with named fields.
    pub(super) what: &'static str,
    /// Its named fields, if it is a struct that has them.
    pub(super) fields: Option<Vec<&'a Field>>,
}

/// A field.
pub(super) struct Member<'a> {
    pub(super) name: &'a Ident,
    pub(super) ty: &'a Type,
    pub(super) role: Role,
    /// What it is made from, and how, if that could be read.
    pub(super) make: Option<Closure>,
    /// Whether it is there, if that is not always so.
    pub(super) when: Option<Closure>,
    pub(super) enter_timeout: Option<Budget>,
    /// What is beside it that ends it.
    pub(super) exit: Option<Ending>,
    pub(super) exit_timeout: Option<Budget>,
    /// Whether the whole does without it if it fails to enter.
    pub(super) may_fail: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A resource. It may be absent if it is optional, or is not always there.
    Entered { absent: bool },
    /// Computed from others, at once or awaited.
    Value { awaited: bool },
    /// An input that is kept for the body.
    Kept,
    /// What is wrong with it has been said.
    Broken,
}

/// What a parameter names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dependency {
    Input(usize),
    Field(usize),
}

impl<'a> Head<'a> {
    pub(super) fn of(item: &'a Item) -> Option<Self> {
        let (attrs, vis, name, generics, what) = match item {
            Item::Struct(item) => (&item.attrs, &item.vis, &item.ident, &item.generics, "a tuple struct"),
            Item::Enum(item) => (&item.attrs, &item.vis, &item.ident, &item.generics, "an enum"),
            Item::Union(item) => (&item.attrs, &item.vis, &item.ident, &item.generics, "a union"),
            _ => return None,
        };
        let fields = match item {
            Item::Struct(item) if !matches!(item.fields, Fields::Unnamed(_)) => Some(item.fields.iter().collect()),
            _ => None,
        };
        let lifetime = generics.lifetimes().next();
        let generics = our_generics(generics.clone());
        Some(Head { attrs, vis, name, generics, lifetime, what, fields })
    }

    /// The options of the attribute, which left them to the derive.
    pub(super) fn options(&self, errors: &mut Errors) -> Options {
        let attr = self.attrs.iter().find(|attr| attr.path().is_ident("__lifespan"));
        let options = attr.map(|attr| parenthesized(&attr.meta));
        Options::parse(options.unwrap_or_default(), Of::Lifespan, errors)
    }
}

impl<'a> Model<'a> {
    pub(super) fn parse(head: Head<'a>, fields: &[&'a Field], errors: &mut Errors) -> Self {
        let options = head.options(errors);
        let fields = fields
            .iter()
            .filter_map(|field| Some(Member::parse(field.ident.as_ref()?, field, errors)));
        let fields: Vec<_> = fields.collect();
        let of_field = |(at, field): (usize, &Member<'_>)| (field.name.unraw().to_string(), Dependency::Field(at));
        let of_input = |(at, input): (usize, &Input)| (input.name.unraw().to_string(), Dependency::Input(at));
        let names = fields.iter().enumerate().map(of_field);
        let names = names.chain(options.inputs.iter().enumerate().map(of_input)).collect();
        Model { options, head, fields, names }
    }

    /// The member or the input that a parameter names. `_pool` is `pool` that has to be there first, and is not used.
    pub(super) fn find(&self, name: &Ident) -> Option<Dependency> {
        let name = name.unraw().to_string();
        let find = |name: &str| self.names.get(name).copied();
        find(&name).or_else(|| find(name.strip_prefix('_')?))
    }

    pub(super) fn type_of(&self, dependency: Dependency) -> &Type {
        match dependency {
            Dependency::Input(at) => &self.options.inputs[at].ty,
            Dependency::Field(at) => self.fields[at].ty,
        }
    }
}

const ENTER: &str = "|config| Db::open(&config.url)";
const VALUE: &str = "|config| config.addr";

/// What the attribute reads at fields.
pub(super) const MARKERS: [&str; 5] = ["enter", "exit", "optional", "value", "keep"];

/// The attributes of a field, each once, and what is in their parentheses.
struct Markers(Vec<(Ident, TokenStream)>);

impl Markers {
    fn of(field: &Field, errors: &mut Errors) -> Self {
        let mut markers = Markers(Vec::new());
        for attr in &field.attrs {
            let Some(key) = attr.path().get_ident() else {
                continue;
            };
            if let Some((first, _)) = markers.get(&key.to_string()) {
                errors.twice(key, texts::marker_twice(key), first);
            } else if MARKERS.iter().any(|known| key == known) {
                markers.0.push((key.clone(), parenthesized(&attr.meta)));
            }
        }
        markers
    }

    fn get(&self, name: &str) -> Option<&(Ident, TokenStream)> {
        self.0.iter().find(|(key, _)| key == name)
    }
}

impl<'a> Member<'a> {
    /// Whether it takes its inputs by value.
    pub(super) fn moves(&self) -> bool {
        self.make.as_ref().is_some_and(|make| make.movement.is_some())
    }

    fn parse(name: &'a Ident, field: &'a Field, errors: &mut Errors) -> Self {
        let mut member = Member {
            name,
            ty: &field.ty,
            role: Role::Broken,
            make: None,
            when: None,
            enter_timeout: None,
            exit: None,
            exit_timeout: None,
            may_fail: false,
        };
        let markers = Markers::of(field, errors);
        member.role = member.read(&markers, errors);
        member
    }

    /// Exactly one of the attributes says how a member begins.
    fn read(&mut self, markers: &Markers, errors: &mut Errors) -> Role {
        let name = self.name;
        let mut roles = ["enter", "value", "keep"].iter().filter_map(|role| markers.get(role));
        let Some((key, content)) = roles.next() else {
            errors.at(name, texts::member_without_enter(name, ENTER, VALUE));
            return Role::Broken;
        };
        if let Some((second, _)) = roles.next() {
            errors.twice(second, texts::member_of_two_roles(name, key, second), key);
            return Role::Broken;
        }
        let is_entered = key == "enter";
        if is_entered {
            self.read_exit(markers, errors);
        } else {
            for (marker, why) in [("exit", "is dropped, and has no exit"), ("optional", "is always there")] {
                if let Some((marker, _)) = markers.get(marker) {
                    errors.at(marker, texts::member_not_entered(name, why));
                }
            }
        }
        if key == "keep" {
            return Role::Kept;
        }
        let (expr, options) = content::split(key, content.clone(), errors);
        let (example, help) = match (is_entered, &self.exit) {
            (true, None) => (ENTER, texts::enter_fails()),
            (true, Some(_)) => (ENTER, texts::enter_fails_beside()),
            (false, _) => (VALUE, texts::enter_fails_beside()),
        };
        self.make = Closure::parse(expr, key, example, errors);
        let mut is_conditional = false;
        let is_async = self.make.as_ref().is_none_or(|make| make.asyncness.is_some());
        if is_entered || is_async {
            let of = if is_entered { Of::Enter } else { Of::Awaited };
            let unbounded = || (!is_entered).then(|| Budget::unbounded(key));
            let options = Options::parse(options, of, errors);
            self.when = options.when.as_ref().and_then(|when| condition(when, errors));
            is_conditional = options.when.is_some();
            self.enter_timeout = options.timeout.or_else(unbounded);
        } else if !options.is_empty() {
            errors.at(options, texts::value_with_options(name));
        }
        if is_entered {
            self.check_option(markers, is_conditional, errors);
        }
        let Some(make) = &self.make else {
            return Role::Broken;
        };
        // An expression is no function that could return.
        if let (Some(mark), None) = (scan::tried(&make.expr), make.asyncness) {
            errors.at(mark, texts::closure_tries(key, help));
        }
        self.may_fail = markers.get("optional").is_some();
        if is_entered {
            let absent = self.may_fail || self.when.is_some();
            Role::Entered { absent }
        } else {
            Role::Value { awaited: is_async }
        }
    }

    fn read_exit(&mut self, markers: &Markers, errors: &mut Errors) {
        match markers.get("exit") {
            Some((key, content)) if content.is_empty() => errors.at(key, texts::exit_empty()),
            Some((key, content)) => {
                let (expr, options) = content::split(key, content.clone(), errors);
                self.exit_timeout = Options::parse(options, Of::Awaited, errors).timeout;
                self.exit = Ending::parse(expr, self.name, errors);
            }
            None => {}
        }
    }

    fn check_option(&self, markers: &Markers, is_conditional: bool, errors: &mut Errors) {
        let (ty, is_option) = (self.ty, is_option(self.ty));
        match markers.get("optional") {
            Some((key, content)) if !content.is_empty() => errors.at(key, texts::optional_with_arguments()),
            // Aliases are not seen through; what is seen is told better than the types could.
            Some(_) if !is_option => errors.at(ty, texts::optional_no_option("an `#[optional]` member", written(ty))),
            None if is_conditional && !is_option => {
                errors.at(ty, texts::optional_no_option("a member with `when`", written(ty)));
            }
            // With an end beside it, it may be any type.
            None if is_option && !is_conditional && markers.get("exit").is_none() => {
                errors.at(ty, texts::option_without_optional());
            }
            _ => {}
        }
    }
}

/// `|config| config.metrics`.
fn condition(expr: &Expr, errors: &mut Errors) -> Option<Closure> {
    let closure = Closure::read(expr.to_token_stream(), true, &texts::when_wanted());
    closure.map_err(|error| errors.push(error)).ok()
}

fn is_option(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|last| last.ident == "Option")
}

/// The type that an `Option` is of.
pub(super) fn within_option(ty: &Type) -> Option<&Type> {
    match &last_segment(ty)?.arguments {
        PathArguments::AngleBracketed(of) => of.args.iter().find_map(|of| match of {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        }),
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        // What a `macro_rules!` macro passed on as a type.
        Type::Group(group) => last_segment(&group.elem),
        _ => None,
    }
}
