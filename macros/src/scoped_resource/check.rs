//! Finds the mistakes in a model: every function reports all that it finds.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, FnArg, GenericParam, ItemStruct, ReceiverKind, ReturnType, Safety, Signature, Type};

use super::model::{Block, BlockMember, Method, MethodRole, Other, is_exit, marker_of};
use crate::attributes;
use crate::blame::written;
use crate::errors::Errors;
use crate::subject::{Subject, borrows};
use crate::texts;

pub(super) fn block(block: &Block, subject: &Subject<'_>, errors: &mut Errors) {
    declared_local(&block.head.ty, subject, errors);
    let is_enter =
        |member: &BlockMember| matches!(member, BlockMember::Method(method) if method.role == MethodRole::Enter);
    if !block.members.iter().any(is_enter) {
        block.members.iter().for_each(|member| unmarked(member, errors));
    }
    for (option, text) in [("enter", texts::enter_on_impl()), ("exit", texts::exit_on_impl())] {
        if let Some(key) = subject.options.key(option) {
            errors.at(key, text);
        }
    }
}

/// An `async fn` that gives a `Self` where nothing is marked as the enter: whoever calls it would get a bare value, and
/// nothing would ever say that its exit is missing.
fn unmarked(member: &BlockMember, errors: &mut Errors) {
    if let BlockMember::Method(Method { sig, role: MethodRole::Unmarked, .. }) = member {
        let output = written(&sig.output);
        let mut words = output.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        if sig.asyncness.is_some() && sig.receiver().is_none() && words.any(|word| word == "Self") {
            errors.at(&sig.ident, texts::enter_not_marked(&sig.ident));
        }
    }
}

pub(super) fn declaration(item: &ItemStruct, subject: &Subject<'_>, errors: &mut Errors) {
    declared_local(&subject.ty, subject, errors);
    let name = &item.ident;
    let missing = |option| subject.options.key(option).is_none();
    match (missing("enter"), missing("exit")) {
        (true, true) => errors.at(name, texts::struct_without_both(name)),
        (true, false) => errors.at(name, texts::struct_without_enter(name)),
        (false, true) => errors.at(name, texts::struct_without_exit(name)),
        (false, false) => {}
    }
}

fn declared_local(ty: &TokenStream, subject: &Subject<'_>, errors: &mut Errors) {
    if borrows(ty) && !subject.options.is_local() {
        errors.at(ty, texts::resource_borrows(written(ty)));
    }
}

pub(super) fn other(Other { token, what, .. }: &Other, errors: &mut Errors) {
    let way_out = match *what {
        "an enum" => "put it on the `impl` block that has `#[enter]` and `#[exit]`",
        _ if is_resource_trait(token) => "an `impl` by hand needs no attribute",
        _ => "put it on the `impl` block of a type, and mark its functions with `#[enter]` and `#[exit]`",
    };
    errors.at(token, texts::resource_misplaced(what, way_out));
}

/// Whether a path is one of the two traits that the attribute would implement.
pub(super) fn is_resource_trait(path: &TokenStream) -> bool {
    let path = written(path);
    let name = path.rsplit("::").next();
    name == Some("ScopedResource") || name == Some("LocalResource")
}

pub(super) fn method(method: &Method, errors: &mut Errors) {
    markers(&method.markers, errors);
    let (sig, marker) = match method.role {
        MethodRole::Enter => (&method.sig, "enter"),
        MethodRole::Exit => (&method.sig, "exit"),
        MethodRole::Unmarked => return,
    };
    if sig.asyncness.is_none() {
        errors.at(sig.fn_token, texts::method_not_async(marker));
    }
    if let Safety::Unsafe(token) = &sig.safety {
        errors.at(token, texts::method_unsafe(marker));
    }
    match method.role {
        MethodRole::Enter => enter(sig, errors),
        _ => exit(sig, errors),
    }
}

fn enter(sig: &Signature, errors: &mut Errors) {
    if let Some(receiver) = sig.receiver() {
        errors.at(receiver, texts::enter_with_self());
    }
    if let ReturnType::Default = sig.output {
        errors.at(&sig.ident, texts::enter_without_type());
    }
}

fn exit(sig: &Signature, errors: &mut Errors) {
    match sig.receiver() {
        None => errors.at(&sig.ident, texts::exit_without_self()),
        Some(receiver) => {
            let by_value = match &receiver.kind {
                ReceiverKind::Value => true,
                ReceiverKind::Typed(_, ty) => written(ty) == "Self",
                _ => false,
            };
            if !by_value {
                errors.at(receiver, texts::exit_without_self());
            }
            only_exit(sig, errors);
        }
    }
    let is_lifetime = |parameter: &&GenericParam| matches!(parameter, GenericParam::Lifetime(_));
    if let Some(parameter) = sig.generics.params.iter().find(|parameter| !is_lifetime(parameter)) {
        errors.at(parameter, texts::exit_generic());
    }
}

/// Behind `self` at most one argument, which can be `&Exit`. Without `self`, nothing is known about the others.
fn only_exit(sig: &Signature, errors: &mut Errors) {
    let mut told = false;
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(_) => {}
            FnArg::Typed(argument) if !told && can_be_reference(&argument.ty) => told = true,
            FnArg::Typed(argument) => errors.at(argument, texts::exit_with_more()),
        }
    }
}

/// Whether a type, as written, is a reference or may stand for one: `Why<'_>` can be an alias.
fn can_be_reference(ty: &Type) -> bool {
    match ty {
        Type::Paren(paren) => can_be_reference(&paren.elem),
        Type::Group(group) => can_be_reference(&group.elem),
        Type::Reference(_) | Type::Macro(_) => true,
        ty => borrows(ty),
    }
}

/// The methods that end the resource. More than one is right if each is there under a `#[cfg]` of its own.
pub(super) fn exits<'a>(block: &'a Block, errors: &mut Errors) -> Vec<&'a Method> {
    let is_always = |method: &Method| attributes::cfgs(&method.attrs).is_empty();
    let marker = |method: &'a Method| method.markers.iter().find(|marker| is_exit(marker));
    let (mut kept, mut misplaced): (Vec<&Method>, _) = (Vec::new(), false);
    for member in &block.members {
        match member {
            BlockMember::Method(exit) if exit.role == MethodRole::Exit => {
                match kept.iter().find(|first| is_always(first) || is_always(exit)) {
                    Some(first) => errors.twice(marker(exit), texts::marker_twice("exit"), marker(first)),
                    None => kept.push(exit),
                }
            }
            BlockMember::Other { marker: Some(marker), .. } => misplaced |= is_exit(marker),
            _ => {}
        }
    }
    if kept.is_empty() && !misplaced {
        let ty = &block.head.ty;
        errors.at(ty, texts::exit_missing(written(ty)));
    }
    kept
}

/// `#[enter]` or `#[exit]`: one of them, once, bare.
fn markers(markers: &[Attribute], errors: &mut Errors) {
    for (at, marker) in markers.iter().enumerate() {
        let path = written(marker.path());
        let name = marker_of(marker).unwrap_or(&path);
        if path != name {
            let help = match marker.path().get_ident() {
                Some(_) => "an attribute with a similar name exists:",
                None => "write",
            };
            errors.at(marker.path(), texts::marker_unknown(&path, help, name));
        } else if marker.meta.require_path_only().is_err() {
            let way_out = option_of(marker, name);
            errors.at(&marker.meta, texts::marker_with_arguments(name, way_out));
        }
        match markers[..at].first() {
            Some(first) if is_exit(first) == is_exit(marker) => errors.twice(marker, texts::marker_twice(name), first),
            Some(_) => errors.at(marker, texts::enter_and_exit()),
            None => {}
        }
    }
}

/// What the arguments of a marker are meant to be, if they are the options of the whole.
fn option_of(marker: &Attribute, name: &str) -> String {
    let mut tokens = attributes::parenthesized(&marker.meta).into_iter();
    let (key, value) = (tokens.next(), tokens.nth(1));
    let option = match key.map(|key| key.to_string()).as_deref() {
        Some("timeout") => format!("{name}_timeout"),
        Some(key @ ("name" | "enter_timeout" | "exit_timeout")) => key.to_owned(),
        _ => return String::new(),
    };
    let value = value.map_or_else(|| "\"..\"".to_owned(), |value: TokenTree| value.to_string());
    format!(", and give the option to the type: `#[scoped_resource({option} = {value})]`")
}
