//! Which of the user's attributes belong on which generated item.
//!
//! An attribute on an `impl` block sees what is inside before `cfg` and `cfg_attr` are resolved, so both are carried
//! along: what is inside `cfg_attr` is sorted like what is outside.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Meta, Token, parse_quote};

use crate::blame::{regrouped, written};

/// `struct`, `fn`, ..: not the attributes and the visibility before it. What a `macro_rules` passed on is looked into.
pub(crate) fn first_word(item: &TokenStream) -> Option<Ident> {
    item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(word) if word != "pub" && word != "unsafe" => Some(word),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => first_word(&group.stream()),
        _ => None,
    })
}

/// An item without those of its attributes that make a resource of it, which there can be one of; and those.
pub(crate) fn alone(item: TokenStream) -> (TokenStream, Vec<Attribute>) {
    let is_other = |attr: &Attribute| {
        let last = attr.path().segments.last();
        last.is_some_and(|last| last.ident == "scoped_resource") || is_lifespan(attr)
    };
    let parse = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_outer)?;
        let (others, attrs): (Vec<_>, Vec<_>) = attrs.into_iter().partition(is_other);
        let rest: TokenStream = input.parse()?;
        Ok((quote!(#(#attrs)* #rest), others))
    };
    parse.parse2(item.clone()).unwrap_or_else(|_| (item, Vec::new()))
}

/// Whether an attribute is `#[lifespan]`, or what that has become.
pub(crate) fn is_lifespan(attr: &Attribute) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|last| last.ident == "lifespan" || last.ident == "__lifespan")
}

/// The item without `#[enter]` and `#[exit]`, which rustc would not know where nothing takes them.
pub(crate) fn without_markers(item: TokenStream) -> TokenStream {
    let is_marker = |group: &Group| match group.stream().into_iter().next() {
        Some(TokenTree::Ident(name)) => group.delimiter() == Delimiter::Bracket && (name == "enter" || name == "exit"),
        _ => false,
    };
    let mut out: Vec<TokenTree> = Vec::new();
    for token in item {
        let ends_with_pound = matches!(out.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == '#');
        match token {
            TokenTree::Group(group) if ends_with_pound && is_marker(&group) => {
                out.pop();
            }
            TokenTree::Group(group) => out.push(regrouped(&group, without_markers(group.stream()))),
            token => out.push(token),
        }
    }
    out.into_iter().collect()
}

/// When the item exists at all: for everything that is generated about it.
pub(crate) fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    select(attrs, &|meta| meta.path().is_ident("cfg").then(|| meta.clone()))
}

/// What is generated of an item, in place of the user's.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// An impl beside the item.
    Impl,
    /// The function that callers see.
    Public,
    /// The hidden `async fn` that holds the user's body, which was called so.
    Hidden(&'a Ident),
}

/// Those that belong there.
pub(crate) fn of(place: Place<'_>, attrs: &[Attribute]) -> Vec<Attribute> {
    select(attrs, &|meta| {
        let name = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
        let is_bare = matches!(meta, Meta::Path(_));
        match (name.as_str(), place) {
            // The user's function became two, and a lint may fire on either.
            ("allow" | "expect" | "warn" | "deny" | "forbid", _) => Some(lint(meta)),
            // The impl is no use of the type that the user could do without.
            ("deprecated", Place::Impl) => Some(parse_quote!(allow(deprecated))),
            // A `cfg` is on everything, or one half would be missing.
            ("cfg", _)
            // Neither half may stand in the way of the other.
            | ("inline" | "cold", Place::Public | Place::Hidden(_))
            // What callers see. On the hidden half our own call would warn.
            | ("doc" | "deprecated", Place::Public) => Some(meta.clone()),
            // A reason to use the result. A bare one is about that of the body: a `Lifespan` says it itself.
            ("must_use", Place::Public) => (!is_bare).then(|| meta.clone()),
            ("must_use", Place::Hidden(_)) => is_bare.then(|| meta.clone()),
            // The last is generated anyway.
            ("inline" | "cold" | "doc" | "deprecated" | "track_caller", _) => None,
            // Everything else is about the `async fn` that the user wrote: `#[tracing::instrument]` must see its body.
            (_, Place::Hidden(name)) => Some(span_named(meta, name)),
            _ => None,
        }
    })
}

/// A lint level for a copy of the user's item. An expectation is met at most once, so a copy only allows.
fn lint(meta: &Meta) -> Meta {
    if meta.path().is_ident("expect") {
        let lints = parenthesized(meta);
        parse_quote!(allow(#lints))
    } else {
        meta.clone()
    }
}

/// `#[tracing::instrument(..)]` with the name of the user's function, unless it has a name: by itself it would take that of the
/// hidden function. Others that are called `instrument` take other arguments.
fn span_named(meta: &Meta, name: &Ident) -> Meta {
    let path = meta.path();
    let text = written(path);
    let is_ours = text == "instrument" || format!("::{text}").ends_with("::tracing::instrument");
    let given = parenthesized(meta);
    // `name = ".."`, or a literal in its place.
    let tokens: Vec<_> = given.clone().into_iter().collect();
    let is_name = |pair: &[TokenTree]| written(quote!(#(#pair)*)) == "name=";
    let is_named = matches!(tokens.first(), Some(TokenTree::Literal(_))) || tokens.windows(2).any(is_name);
    if !is_ours || is_named || matches!(meta, Meta::NameValue(_)) {
        return meta.clone();
    }
    let name = name.unraw().to_string();
    parse_quote!(#path(name = #name, #given))
}

/// The attributes that `keep` keeps, perhaps changed, looked for in `cfg_attr` as well.
fn select(attrs: &[Attribute], keep: &dyn Fn(&Meta) -> Option<Meta>) -> Vec<Attribute> {
    let kept = attrs.iter().filter_map(|attr| {
        let meta = select_meta(&attr.meta, keep)?;
        Some(Attribute { meta, ..attr.clone() })
    });
    kept.collect()
}

fn select_meta(meta: &Meta, keep: &dyn Fn(&Meta) -> Option<Meta>) -> Option<Meta> {
    let Some((condition, conditional)) = cfg_attr(meta) else {
        return keep(meta);
    };
    let kept: Vec<Meta> = conditional.iter().filter_map(|meta| select_meta(meta, keep)).collect();
    (!kept.is_empty()).then(|| parse_quote!(cfg_attr(#condition, #(#kept),*)))
}

/// `cfg_attr(condition, attribute, ..)`. The condition is not ours to understand.
fn cfg_attr(meta: &Meta) -> Option<(TokenStream, Punctuated<Meta, Token![,]>)> {
    if !meta.path().is_ident("cfg_attr") {
        return None;
    }
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let mut tokens = parenthesized(meta).into_iter();
    let condition = tokens.by_ref().take_while(|token| !is_comma(token)).collect();
    Some((condition, Punctuated::parse_terminated.parse2(tokens.collect()).ok()?))
}

/// What is in the parentheses of an attribute; nothing if it has none.
pub(crate) fn parenthesized(meta: &Meta) -> TokenStream {
    meta.require_list().map(|list| list.tokens.clone()).unwrap_or_default()
}
