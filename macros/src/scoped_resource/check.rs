//! What is wrong with what was written. Every function reports all it finds; one that returns whether its subject is
//! sound leaves the rest to a fallback.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, FnArg, GenericParam, Meta, Receiver, ReceiverKind, ReturnType, Safety, Signature, Type};

use super::model::{Block, Declaration, Member, Method, Other, is_exit, is_lifespan, marker_of};
use super::options::Options;
use crate::attributes;
use crate::blame::written;
use crate::errors::Errors;

pub(super) fn block(block: &Block, options: &Options, errors: &mut Errors) {
    let ty = &block.head.ty;
    if borrows(ty) {
        declared_local(ty, options, errors);
    }
    if !block.members.iter().any(|member| matches!(member, Member::Enter(_))) {
        block.members.iter().for_each(|member| unmarked(member, errors));
    }
    if let Some(key) = options.enter.key() {
        errors.at(
            key,
            "option `enter` belongs on a struct\nhelp: mark the function with `#[enter]`",
        );
    }
    if let Some(key) = options.exit.key() {
        errors.at(
            key,
            "option `exit` belongs on a struct\nhelp: mark the method with `#[exit]`",
        );
    }
}

/// An `async fn` that gives a `Self` where nothing is marked as the enter: whoever calls it would get a bare value, and
/// nothing would ever say that its exit is missing.
fn unmarked(member: &Member, errors: &mut Errors) {
    let Member::Other(tokens) = member else {
        return;
    };
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let is = |at: usize, word: &str| matches!(tokens.get(at), Some(TokenTree::Ident(ident)) if ident == word);
    let Some(start) = (0..tokens.len()).find(|at| is(*at, "async") && is(at + 1, "fn")) else {
        return;
    };
    let Some(TokenTree::Ident(name)) = tokens.get(start + 2) else {
        return;
    };
    let mut rest = tokens[start + 3..].iter();
    let arguments = rest.find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
        _ => None,
    });
    let gives: TokenStream = rest
        .take_while(|token| !matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace))
        .cloned()
        .collect();
    if arguments.is_some_and(|arguments| !mentions(arguments, "self")) && mentions(gives, "Self") {
        errors.at(
            name,
            format!(
                "`{name}` makes the resource, and no function is marked with `#[enter]`\nhelp: mark it: `#[enter]`"
            ),
        );
    }
}

fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}

pub(super) fn declaration(declaration: &Declaration, options: &Options, errors: &mut Errors) {
    if declaration.item.generics.lifetimes().next().is_some() {
        declared_local(declaration.ty(), options, errors);
    }
    let name = &declaration.item.ident;
    let missing = |option, key: Option<_>| key.is_none() && !options.is_broken(option);
    match (
        missing("enter", options.enter.key()),
        missing("exit", options.exit.key()),
    ) {
        (true, true) => errors.at(
            name,
            format!(
                "no `enter` and no `exit` for `{name}`\n\
                 help: name both functions: `#[scoped_resource(enter = open(url: String), exit = shut_down)]`, \
                 or move the attribute to the `impl` block that has them"
            ),
        ),
        (true, false) => errors.at(
            name,
            format!("no `enter` for `{name}`\nhelp: name the function that makes it: `enter = open(url: String)`"),
        ),
        (false, true) => errors.at(
            name,
            format!("no `exit` for `{name}`\nhelp: name the async function that ends it: `exit = shut_down`"),
        ),
        (false, false) => {}
    }
}

fn declared_local(ty: impl ToTokens, options: &Options, errors: &mut Errors) {
    if options.common.local.get().is_none() && !options.is_broken("local") {
        let text = written(&ty);
        errors.at(
            ty,
            format!(
                "`{text}` borrows, so only its own task can exit it\nhelp: declare it: `#[scoped_resource(local)]`"
            ),
        );
    }
}

pub(super) fn other(other: &Other, errors: &mut Errors) {
    let Other { token, what, .. } = other;
    let way_out = match (*what, written(token).as_str()) {
        ("an enum", _) => "\nhelp: put it on the `impl` block that has `#[enter]` and `#[exit]`",
        (_, name) if is_resource_trait(name) => "\nhelp: an `impl` by hand needs no attribute",
        _ => "\nhelp: put it on the `impl` block of a type, and mark its functions with `#[enter]` and `#[exit]`",
    };
    let message =
        format!("`#[scoped_resource]` belongs on an inherent `impl` block or a struct, not on {what}{way_out}");
    errors.at(token, message);
}

/// Whether a path is one of the two traits that the attribute would implement.
pub(super) fn is_resource_trait(path: &str) -> bool {
    ["ScopedResource", "LocalResource"]
        .into_iter()
        .any(|name| path.rsplit("::").next() == Some(name))
}

pub(super) fn misplaced(marker: &Attribute, errors: &mut Errors) {
    let name = written(marker);
    errors.at(marker, format!("`{name}` belongs on an `async fn` with a body"));
}

pub(super) fn enter(method: &Method, errors: &mut Errors) -> bool {
    markers(&method.markers, errors);
    let sig = &method.sig;
    let mut sound = is_async("enter", sig, errors) & is_safe("enter", sig, errors);
    if let Some(receiver) = sig.receiver() {
        errors.at(
            receiver,
            "`#[enter]` makes the resource, so it takes no `self`\nhelp: take what it is made of as an argument",
        );
        sound = false;
    }
    if let ReturnType::Default = sig.output {
        errors.at(
            &sig.ident,
            "`#[enter]` must return `Self` or `Result<Self, _>`\nhelp: add `-> Self` or `-> Result<Self, _>`",
        );
        sound = false;
    }
    sound
}

pub(super) fn exit(method: &Method, errors: &mut Errors) -> bool {
    markers(&method.markers, errors);
    let sig = &method.sig;
    is_async("exit", sig, errors)
        & is_safe("exit", sig, errors)
        & takes_self(sig, errors)
        & takes_only_exit(sig, errors)
        & is_not_generic(sig, errors)
}

/// The methods that end the resource. More than one is right if each is there under a `#[cfg]` of its own.
pub(super) fn exits<'a>(block: &'a Block, errors: &mut Errors) -> Vec<&'a Method> {
    let exits = block.members.iter().filter_map(|member| match member {
        Member::Exit(exit) => Some(exit),
        _ => None,
    });
    let mut kept: Vec<&Method> = Vec::new();
    for exit in exits {
        match kept.iter().find(|first| is_always(first) || is_always(exit)) {
            Some(first) => errors.twice(exit_marker(exit), "`#[exit]` given twice", exit_marker(first)),
            None => kept.push(exit),
        }
    }
    if kept.is_empty()
        && !block
            .members
            .iter()
            .any(|member| matches!(member, Member::Misplaced { marker, .. } if is_exit(marker)))
    {
        let ty = &block.head.ty;
        errors.at(
            ty,
            format!(
                "no `#[exit]` for `{}`\nhelp: mark the `async fn` that ends it with `#[exit]`",
                written(ty)
            ),
        );
    }
    kept
}

fn is_always(method: &Method) -> bool {
    attributes::cfgs(&method.attrs).is_empty()
}

fn exit_marker(method: &Method) -> Option<&Attribute> {
    method.markers.iter().find(|marker| is_exit(marker))
}

/// `#[enter]` or `#[exit]`: one of them, once, bare.
fn markers(markers: &[Attribute], errors: &mut Errors) {
    for (at, marker) in markers.iter().enumerate() {
        let Some(name) = marker_of(marker) else {
            continue;
        };
        let path = written(marker.path());
        if path != name {
            let help = if marker.path().get_ident().is_some() {
                "an attribute with a similar name exists:"
            } else {
                "write"
            };
            errors.at(
                marker.path(),
                format!("unknown attribute `#[{path}]`\nhelp: {help} `#[{name}]`"),
            );
        } else if !matches!(marker.meta, Meta::Path(_)) {
            errors.at(
                &marker.meta,
                format!(
                    "`#[{name}]` takes no arguments\nhelp: write `#[{name}]`{}",
                    option_of(marker, name)
                ),
            );
        }
        let Some(first) = markers[..at].first() else {
            continue;
        };
        if is_exit(first) == is_exit(marker) {
            errors.twice(marker, format!("`#[{name}]` given twice"), first);
        } else {
            errors.at(
                marker,
                "a method is either `#[enter]` or `#[exit]`\nnote: one makes the resource, the other consumes it",
            );
        }
    }
}

/// What the arguments of a marker are meant to be, if they are the options of the whole.
fn option_of(marker: &Attribute, name: &str) -> String {
    let Meta::List(list) = &marker.meta else {
        return String::new();
    };
    let mut tokens = list.tokens.clone().into_iter();
    let (key, value) = (tokens.next(), tokens.nth(1));
    let key = key.map(|key| key.to_string()).unwrap_or_default();
    let option = match (key.as_str(), name) {
        ("timeout", "enter") => "enter_timeout",
        ("timeout", _) => "exit_timeout",
        (key @ ("name" | "enter_timeout" | "exit_timeout"), _) => key,
        _ => return String::new(),
    };
    let value = value.map_or_else(|| "\"..\"".to_owned(), |value| value.to_string());
    format!(", and give the option to the type: `#[scoped_resource({option} = {value})]`")
}

/// `#[scoped_resource]` once, and no `#[lifespan]` beside it.
pub(super) fn alone(others: &[Attribute], errors: &mut Errors) {
    let Some(other) = others.first() else {
        return;
    };
    if is_lifespan(other) {
        errors.at(
            other,
            "a type is either a `#[scoped_resource]` or a `#[lifespan]`\n\
             help: remove `#[scoped_resource]`: a lifespan is a scoped resource already",
        );
    } else {
        errors.at(
            other,
            "`#[scoped_resource]` given twice\nhelp: remove one, and put all options into the other",
        );
    }
}

/// The options of an attribute that was given twice: those that are not empty.
pub(super) fn only(options: TokenStream, others: &[Attribute]) -> TokenStream {
    match others.first().map(|other| &other.meta) {
        Some(Meta::List(list)) if options.is_empty() => list.tokens.clone(),
        _ => options,
    }
}

fn is_async(marker: &str, sig: &Signature, errors: &mut Errors) -> bool {
    if sig.asyncness.is_none() {
        errors.at(
            sig.fn_token,
            format!("`#[{marker}]` must be an `async fn`\nhelp: add `async` before `fn`"),
        );
    }
    sig.asyncness.is_some()
}

fn is_safe(marker: &str, sig: &Signature, errors: &mut Errors) -> bool {
    let Safety::Unsafe(token) = &sig.safety else {
        return true;
    };
    errors.at(
        token,
        format!("`#[{marker}]` cannot be `unsafe`\nnote: the scope calls it, and can promise nothing"),
    );
    false
}

fn takes_self(sig: &Signature, errors: &mut Errors) -> bool {
    const TEXT: &str = "`#[exit]` must take `self`\nnote: the resource ends here, so exit consumes it";
    match sig.inputs.first() {
        Some(FnArg::Receiver(receiver)) if by_value(receiver) => return true,
        Some(FnArg::Receiver(receiver)) => errors.at(receiver, TEXT),
        _ => errors.at(&sig.ident, TEXT),
    }
    false
}

/// `self`, `mut self` and `self: Self`.
fn by_value(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Value => true,
        ReceiverKind::Typed(_, ty) => written(ty) == "Self",
        _ => false,
    }
}

/// Behind `self` at most one argument, which can be `&Exit`. Without `self`, nothing is known about the others.
fn takes_only_exit(sig: &Signature, errors: &mut Errors) -> bool {
    let mut exit = None;
    let mut sound = true;
    for input in sig.receiver().into_iter().flat_map(|_| sig.inputs.iter()) {
        let FnArg::Typed(argument) = input else {
            continue;
        };
        if exit.is_none() && can_be_reference(&argument.ty) {
            exit = Some(argument);
            continue;
        }
        errors.at(
            argument,
            "`#[exit]` takes `self` and `&Exit`, nothing else\nhelp: keep what the exit needs in the resource",
        );
        sound = false;
    }
    sound
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

fn is_not_generic(sig: &Signature, errors: &mut Errors) -> bool {
    let parameter = sig
        .generics
        .params
        .iter()
        .find(|parameter| !matches!(parameter, GenericParam::Lifetime(_)));
    if let Some(parameter) = parameter {
        errors.at(
            parameter,
            "`#[exit]` cannot have parameters of its own\nnote: the scope calls it, and cannot choose them",
        );
    }
    parameter.is_none()
}

/// Whether a type, as written in the head of an `impl`, has a lifetime that is not `'static`.
pub(super) fn borrows(ty: impl ToTokens) -> bool {
    has_lifetime(ty.into_token_stream(), true, &mut Vec::new())
}

/// `bound` are the lifetimes of `for<'a>`; `elided` says that `&` without a lifetime is one of the `impl`, which in
/// the arguments of `fn(&str)` it is not.
fn has_lifetime(tokens: TokenStream, elided: bool, bound: &mut Vec<String>) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    let mut binder = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let elided = elided && group.delimiter() != Delimiter::Parenthesis;
                if has_lifetime(group.stream(), elided, bound) {
                    return true;
                }
            }
            TokenTree::Ident(ident) => binder |= ident == "for",
            TokenTree::Punct(punct) => match punct.as_char() {
                '>' => binder = false,
                '\'' => {
                    let name = tokens.next().map(|name| name.to_string()).unwrap_or_default();
                    if binder {
                        bound.push(name);
                    } else if name != "static" && !bound.contains(&name) {
                        return true;
                    }
                }
                '&' if elided && !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'') => {
                    return true;
                }
                _ => {}
            },
            TokenTree::Literal(_) => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::borrows;
    use quote::quote;

    #[test]
    fn a_type_borrows_by_its_lifetimes() {
        assert!(borrows(quote!(Tx<'a>)));
        assert!(borrows(quote!(Tx<'_>)));
        assert!(borrows(quote!(Tx<&str>)));
        assert!(borrows(quote!(Tx<(u8, &'a str)>)));
        assert!(!borrows(quote!(Tx)));
        assert!(!borrows(quote!(Tx<'static>)));
        assert!(!borrows(quote!(Tx<&'static str>)));
        assert!(!borrows(quote!(Tx<for<'a> fn(&'a str) -> &'a str>)));
        assert!(!borrows(quote!(Tx<fn(&str)>)));
    }
}
