//! What was written: the fields of a struct, and what each of them is.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::{Attribute, Field, Fields, Generics, Ident, Item, LifetimeParam, Meta, Type, Visibility};

use super::closure::Closure;
use super::content::Content;
use super::ending::Ending;
use super::graph::Dependency;
use super::options::Options;
use super::scan;
use crate::blame::{our_generics, written};
use crate::budget::Budget;
use crate::errors::Errors;
use crate::options::{Once, budget, parse_each, unknown, value};

const ENTER: &str = "|config| Db::open(&config.url)";
const VALUE: &str = "|config| config.addr";

/// A struct with named fields.
pub(super) struct Model<'a> {
    pub(super) options: Options,
    pub(super) head: Head<'a>,
    pub(super) fields: Vec<Member<'a>>,
}

/// A type, whatever is in it.
pub(super) struct Head<'a> {
    pub(super) attrs: &'a [Attribute],
    pub(super) vis: &'a Visibility,
    pub(super) name: &'a Ident,
    pub(super) generics: Generics,
    /// The first one that it has, as it was written.
    pub(super) lifetime: Option<&'a LifetimeParam>,
    /// What it is, with its article, and its named fields, if it is a struct that has them.
    pub(super) what: &'static str,
    fields: Option<Vec<&'a Field>>,
}

impl<'a> Head<'a> {
    pub(super) fn of(item: &'a Item) -> Option<Self> {
        Some(match item {
            Item::Struct(item) => {
                let (what, fields) = match &item.fields {
                    Fields::Named(fields) => ("a struct", Some(fields.named.iter().collect())),
                    Fields::Unit => ("a struct", Some(Vec::new())),
                    Fields::Unnamed(_) => ("a tuple struct", None),
                };
                Head {
                    attrs: &item.attrs,
                    vis: &item.vis,
                    name: &item.ident,
                    generics: our_generics(item.generics.clone()),
                    lifetime: item.generics.lifetimes().next(),
                    what,
                    fields,
                }
            }
            Item::Enum(item) => Head {
                attrs: &item.attrs,
                vis: &item.vis,
                name: &item.ident,
                generics: our_generics(item.generics.clone()),
                lifetime: item.generics.lifetimes().next(),
                what: "an enum",
                fields: None,
            },
            Item::Union(item) => Head {
                attrs: &item.attrs,
                vis: &item.vis,
                name: &item.ident,
                generics: our_generics(item.generics.clone()),
                lifetime: item.generics.lifetimes().next(),
                what: "a union",
                fields: None,
            },
            _ => return None,
        })
    }
}

/// A field.
pub(super) struct Member<'a> {
    pub(super) name: &'a Ident,
    pub(super) ty: &'a Type,
    pub(super) role: Role,
}

pub(super) enum Role {
    Entered(Entered),
    /// Computed from others.
    Value(Closure),
    /// An input that is kept for the body.
    Kept,
    /// What is wrong with it has been said. Its end may be sound.
    Broken(Option<Ending>),
}

/// A resource.
pub(super) struct Entered {
    pub(super) make: Closure,
    pub(super) enter_timeout: Option<Budget>,
    pub(super) exit: Option<Ending>,
    pub(super) exit_timeout: Option<Budget>,
    pub(super) optional: bool,
}

impl Role {
    pub(super) fn closure(&self) -> Option<&Closure> {
        match self {
            Role::Entered(Entered { make, .. }) | Role::Value(make) => Some(make),
            Role::Kept | Role::Broken(_) => None,
        }
    }

    /// What is beside it that ends it.
    pub(super) fn ending(&self) -> Option<&Ending> {
        match self {
            Role::Entered(Entered { exit, .. }) | Role::Broken(exit) => exit.as_ref(),
            Role::Value(_) | Role::Kept => None,
        }
    }
}

impl<'a> Model<'a> {
    /// The member or the input that a parameter names. `_pool` is `pool` that has to be there first, and is not used.
    pub(super) fn find(&self, name: &Ident) -> Option<(Dependency, &Type)> {
        let name = name.unraw().to_string();
        let named = |wanted: &str| {
            let is_it = |name: &Ident| name.unraw() == wanted;
            let input = self.options.inputs.iter().position(|input| is_it(&input.name));
            let of_input = |input: usize| (Dependency::Input(input), &self.options.inputs[input].ty);
            let field = self.fields.iter().position(|field| is_it(field.name));
            let of_field = |field: usize| (Dependency::Field(field), self.fields[field].ty);
            input.map(of_input).or_else(|| field.map(of_field))
        };
        named(&name).or_else(|| named(name.strip_prefix('_')?))
    }

    /// The type itself if it is no struct with named fields.
    pub(super) fn parse(mut head: Head<'a>, errors: &mut Errors) -> Result<Self, Box<Head<'a>>> {
        let Some(fields) = head.fields.take() else {
            return Err(Box::new(head));
        };
        let options = options(head.attrs, errors);
        let member = |field: &'a Field| {
            let name = field.ident.as_ref()?;
            Some(Member {
                name,
                ty: &field.ty,
                role: role(name, field, errors),
            })
        };
        let fields = fields.into_iter().filter_map(member).collect();
        Ok(Model { options, head, fields })
    }
}

/// Those of the attribute, which the facade left for us.
pub(super) fn options(attrs: &[Attribute], errors: &mut Errors) -> Options {
    let attr = attrs.iter().find(|attr| attr.path().is_ident("__lifespan"));
    let tokens = attr.map_or_else(TokenStream::new, content);
    Options::parse(tokens, errors)
}

fn content(attr: &Attribute) -> TokenStream {
    match &attr.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    }
}

/// The attributes of a field, each once.
#[derive(Default)]
struct Markers {
    enter: Once<TokenStream>,
    exit: Once<TokenStream>,
    optional: Once<TokenStream>,
    value: Once<TokenStream>,
    keep: Once<TokenStream>,
}

impl Markers {
    fn of(field: &Field, errors: &mut Errors) -> Self {
        let mut markers = Markers::default();
        for attr in &field.attrs {
            let Some(key) = attr.path().get_ident() else {
                continue;
            };
            let marker = match key.to_string().as_str() {
                "enter" => &mut markers.enter,
                "exit" => &mut markers.exit,
                "optional" => &mut markers.optional,
                "value" => &mut markers.value,
                "keep" => &mut markers.keep,
                _ => continue,
            };
            set(marker, key.clone(), content(attr), errors);
        }
        markers
    }
}

fn set(marker: &mut Once<TokenStream>, key: Ident, content: TokenStream, errors: &mut Errors) {
    match marker.key() {
        Some(first) => errors.twice(&key, format!("`#[{key}]` given twice"), first),
        None => marker.set(key, content, errors),
    }
}

fn role(name: &Ident, field: &Field, errors: &mut Errors) -> Role {
    let markers = Markers::of(field, errors);
    let roles = [&markers.enter, &markers.value, &markers.keep];
    let mut given = roles.iter().filter_map(|role| role.key());
    let Some(first) = given.next() else {
        errors.at(
            name,
            format!(
                "member `{name}` has no `#[enter(..)]`\n\
                 help: say how it begins, `#[enter({ENTER})]`; \
                 compute it, `#[value({VALUE})]`; or keep an input of this name, `#[keep]`"
            ),
        );
        return Role::Broken(None);
    };
    if let Some(second) = given.next() {
        let message = format!("member `{name}` has both `#[{first}]` and `#[{second}]`");
        errors.twice(second, message, first);
        return Role::Broken(None);
    }
    match (markers.enter.key(), markers.value.key()) {
        (Some(key), _) => entered(key, name, &field.ty, &markers, errors),
        (None, Some(key)) => {
            refuse(&markers.exit, "is dropped, and has no exit", name, errors);
            refuse(&markers.optional, "is always there", name, errors);
            computed(key, name, &markers, errors).map_or(Role::Broken(None), Role::Value)
        }
        (None, None) => {
            refuse(&markers.exit, "is dropped, and has no exit", name, errors);
            refuse(&markers.optional, "is always there", name, errors);
            Role::Kept
        }
    }
}

fn computed(key: &Ident, name: &Ident, markers: &Markers, errors: &mut Errors) -> Option<Closure> {
    let tokens = markers.value.get().cloned().unwrap_or_default();
    let content = Content::parse(key, tokens, errors);
    if !content.options.is_empty() {
        errors.at(
            &content.options,
            format!("member `{name}` is computed at once, and has no options"),
        );
    }
    let make = Closure::parse(content, key, VALUE, errors)?;
    let help = "a value cannot fail; what can is entered: `#[enter(async |..| ..)]` with `#[exit(async |_| {})]`";
    no_question_mark(&make, key, help, errors);
    Some(make)
}

/// An expression is no function that could return.
fn no_question_mark(make: &Closure, key: &Ident, help: &str, errors: &mut Errors) {
    if make.asyncness.is_some() {
        return;
    }
    if let Some(mark) = scan::tried(&make.expr) {
        errors.at(mark, format!("`?` in an expression of `#[{key}]`\nhelp: {help}"));
    }
}

fn refuse(marker: &Once<TokenStream>, why: &str, name: &Ident, errors: &mut Errors) {
    if let Some(key) = marker.key() {
        errors.at(key, format!("member `{name}` is not entered, so it {why}"));
    }
}

/// The end alone if the beginning could not be read.
fn entered(key: &Ident, name: &Ident, ty: &Type, markers: &Markers, errors: &mut Errors) -> Role {
    let tokens = markers.enter.get().cloned().unwrap_or_default();
    let mut content = Content::parse(key, tokens, errors);
    let enter_timeout = timeout(std::mem::take(&mut content.options), errors);
    let make = Closure::parse(content, key, ENTER, errors);
    let (exit, exit_timeout) = exit(name, markers, errors);
    optional(ty, markers, errors);
    let Some(make) = make else {
        return Role::Broken(exit);
    };
    let help = if exit.is_some() {
        "write `async |..| ..`: an `async` closure may return a `Result`"
    } else {
        "the expression only describes what to await: do what can fail in the function that it calls"
    };
    no_question_mark(&make, key, help, errors);
    Role::Entered(Entered {
        make,
        enter_timeout,
        exit,
        exit_timeout,
        optional: markers.optional.key().is_some(),
    })
}

fn optional(ty: &Type, markers: &Markers, errors: &mut Errors) {
    let (Some(content), Some(key)) = (markers.optional.get(), markers.optional.key()) else {
        // With an end beside it, it may be any type.
        if is_option(ty) && markers.exit.get().is_none() {
            errors.at(
                ty,
                "an `Option` has no exit\n\
                 help: write `#[optional]` beside the `#[enter]` if the member may fail to enter: it is `None` then",
            );
        }
        return;
    };
    if !content.is_empty() {
        errors.at(key, "`#[optional]` takes nothing");
    }
    // Aliases are not seen through; what is seen is told better than the types could.
    if !is_option(ty) {
        let written = written(ty);
        let message = format!(
            "an `#[optional]` member is an `Option`, not `{written}`\n\
             help: write `Option<{written}>`: it is `None` when the member did not enter"
        );
        errors.at(ty, message);
    }
}

fn is_option(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Option"),
        // What a `macro_rules!` macro passed on as a type.
        Type::Group(group) => is_option(&group.elem),
        _ => false,
    }
}

fn exit(name: &Ident, markers: &Markers, errors: &mut Errors) -> (Option<Ending>, Option<Budget>) {
    let (Some(key), Some(content)) = (markers.exit.key(), markers.exit.get()) else {
        return (None, None);
    };
    if content.is_empty() {
        errors.at(
            key,
            "`#[exit]` says nothing\n\
             help: say how the member ends, `#[exit(async |it, exit| it.close().await)]`, or how long that may take, \
             `#[exit(timeout = \"5s\")]`",
        );
        return (None, None);
    }
    let mut content = Content::parse(key, content.clone(), errors);
    let timeout = timeout(std::mem::take(&mut content.options), errors);
    (Ending::parse(content, name, errors), timeout)
}

/// `timeout = "5s"`.
fn timeout(tokens: TokenStream, errors: &mut Errors) -> Option<Budget> {
    let known = ["timeout"];
    let mut timeout = Once::default();
    parse_each(tokens, &known, errors, |key, input, errors| {
        if key != "timeout" {
            return Err(unknown(&key, &known));
        }
        let (budget, _) = value(&key, input, "timeout = \"5s\"", budget)??;
        timeout.set(key, budget, errors);
        Ok(())
    });
    timeout.get().copied()
}
