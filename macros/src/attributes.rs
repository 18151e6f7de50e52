//! Which of the user's attributes belong on which generated item.
//!
//! An attribute on an `impl` block sees what is inside before `cfg` and `cfg_attr` are resolved, so both are carried
//! along: what is inside `cfg_attr` is sorted like what is outside.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Meta, Path, Token, parse_quote};

use crate::blame::regrouped;

/// `struct`, `fn`, ..: not the attributes and the visibility before it.
pub(crate) fn first_word(item: &TokenStream) -> Option<Ident> {
    item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(word) if word != "pub" && word != "unsafe" => Some(word),
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
    match parse.parse2(item.clone()) {
        Ok((alone, others)) if !others.is_empty() => (alone, others),
        _ => (item, Vec::new()),
    }
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
    select(attrs, |meta| meta.path().is_ident("cfg").then(|| meta.clone()))
}

/// For an impl that is generated beside the user's item: when it exists, and how it is linted.
pub(crate) fn conditions_and_lints(attrs: &[Attribute]) -> Vec<Attribute> {
    select(attrs, |meta| match Kind::of(meta) {
        Kind::Condition => Some(meta.clone()),
        Kind::Lint => Some(lint(meta)),
        // The impl is no use of the type that the user could do without.
        Kind::Caller if meta.path().is_ident("deprecated") => Some(parse_quote!(allow(deprecated))),
        _ => None,
    })
}

/// For the function that callers see.
pub(crate) fn of_public(attrs: &[Attribute]) -> Vec<Attribute> {
    select(attrs, |meta| match Kind::of(meta) {
        Kind::Condition | Kind::Hint | Kind::Caller => Some(meta.clone()),
        Kind::Lint => Some(lint(meta)),
        Kind::Given | Kind::Body => None,
    })
}

/// For the hidden `async fn` that holds the user's body, which was called so.
pub(crate) fn of_hidden(attrs: &[Attribute], name: &Ident) -> Vec<Attribute> {
    select(attrs, |meta| match Kind::of(meta) {
        Kind::Body => Some(span_named(meta, name).unwrap_or_else(|| meta.clone())),
        Kind::Condition | Kind::Hint => Some(meta.clone()),
        Kind::Lint => Some(lint(meta)),
        Kind::Given | Kind::Caller => None,
    })
}

enum Kind {
    /// `cfg`: on everything, or one half would be missing.
    Condition,
    /// A lint level: the user's function became two, and a lint may fire on either.
    Lint,
    /// `inline`, `cold`: neither half may stand in the way of the other.
    Hint,
    /// What callers see: docs, deprecation (on the hidden half our own call would warn), a reason to use the result.
    Caller,
    /// Generated anyway.
    Given,
    /// Everything else is about the `async fn` that the user wrote: `#[tracing::instrument]` must see its body. So is
    /// a bare `#[must_use]`: callers get a `Lifespan`, which says that itself.
    Body,
}

impl Kind {
    fn of(meta: &Meta) -> Self {
        let Some(name) = meta.path().get_ident() else {
            return Kind::Body;
        };
        match name.to_string().as_str() {
            "cfg" => Kind::Condition,
            "allow" | "expect" | "warn" | "deny" | "forbid" => Kind::Lint,
            "inline" | "cold" => Kind::Hint,
            "doc" | "deprecated" => Kind::Caller,
            "must_use" if !matches!(meta, Meta::Path(_)) => Kind::Caller,
            "track_caller" => Kind::Given,
            _ => Kind::Body,
        }
    }
}

/// A lint level for a copy of the user's item. An expectation is met at most once, so a copy only allows.
fn lint(meta: &Meta) -> Meta {
    match meta {
        Meta::List(list) if list.path.is_ident("expect") => {
            let lints = &list.tokens;
            parse_quote!(allow(#lints))
        }
        _ => meta.clone(),
    }
}

/// `#[tracing::instrument(..)]` with the name of the user's function, unless it has a name: by itself it would take that of the
/// hidden function.
fn span_named(meta: &Meta, name: &Ident) -> Option<Meta> {
    let path = meta.path();
    if !is_instrument(path) {
        return None;
    }
    let given = match meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(_) => return None,
    };
    if names_span(given.clone()) {
        return None;
    }
    let name = name.unraw().to_string();
    Some(parse_quote!(#path(name = #name, #given)))
}

/// `instrument`, `tracing::instrument`, or the latter from wherever it is exported. Others of that name take other arguments.
fn is_instrument(path: &Path) -> bool {
    let mut segments = path.segments.iter().rev().map(|segment| &segment.ident);
    segments.next().is_some_and(|last| last == "instrument") && segments.next().is_none_or(|krate| krate == "tracing")
}

/// Whether there is a `name = ..`, or a literal in its place, among the arguments of `instrument`.
fn names_span(arguments: TokenStream) -> bool {
    let tokens: Vec<_> = arguments.into_iter().collect();
    let is_name = |pair: &[TokenTree]| match pair {
        [TokenTree::Ident(key), TokenTree::Punct(punct)] => key == "name" && punct.as_char() == '=',
        _ => false,
    };
    matches!(tokens.first(), Some(TokenTree::Literal(_))) || tokens.windows(2).any(is_name)
}

/// The attributes that `keep` keeps, perhaps changed, looked for in `cfg_attr` as well.
fn select(attrs: &[Attribute], keep: impl Fn(&Meta) -> Option<Meta>) -> Vec<Attribute> {
    attrs
        .iter()
        .filter_map(|attr| {
            Some(Attribute {
                meta: select_meta(&attr.meta, &keep)?,
                ..attr.clone()
            })
        })
        .collect()
}

fn select_meta(meta: &Meta, keep: &impl Fn(&Meta) -> Option<Meta>) -> Option<Meta> {
    let Some((condition, conditional)) = cfg_attr(meta) else {
        return keep(meta);
    };
    let kept: Vec<Meta> = conditional.iter().filter_map(|meta| select_meta(meta, keep)).collect();
    (!kept.is_empty()).then(|| parse_quote!(cfg_attr(#condition, #(#kept),*)))
}

/// `cfg_attr(condition, attribute, ..)`. The condition is not ours to understand.
fn cfg_attr(meta: &Meta) -> Option<(TokenStream, Punctuated<Meta, Token![,]>)> {
    let Meta::List(list) = meta else {
        return None;
    };
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let mut tokens = list.tokens.clone().into_iter();
    let condition = tokens.by_ref().take_while(|token| !is_comma(token)).collect();
    Some((condition, Punctuated::parse_terminated.parse2(tokens.collect()).ok()?))
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

/// The condition of a `#[cfg(..)]`.
pub(crate) fn condition(attr: &Attribute) -> Option<TokenStream> {
    match &attr.meta {
        Meta::List(list) if list.path.is_ident("cfg") => Some(list.tokens.clone()),
        _ => None,
    }
}
