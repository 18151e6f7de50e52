//! What was written, before anything is known to be right about it.
//!
//! Bodies and members that are no methods stay tokens: they are not changed, and an editor hands over half-typed ones.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Error, Generics, ItemEnum, ItemStruct, Result, Signature, Token, Type, Visibility, braced};

use crate::attributes::first_word;
use crate::blame::written;
use crate::names::nearest;

pub(super) enum Item {
    Block(Block),
    Struct(ItemStruct),
    Other(Other),
}

/// An inherent `impl` block.
pub(super) struct Block {
    pub(super) attrs: Vec<Attribute>,
    pub(super) head: BlockHead,
    pub(super) inner_attrs: Vec<Attribute>,
    pub(super) members: Vec<BlockMember>,
}

/// The type of a resource and what has to be said before it can be named.
pub(super) struct BlockHead {
    pub(super) generics: Generics,
    pub(super) ty: TokenStream,
}

/// An item that the attribute does not belong on.
pub(super) struct Other {
    /// `enum`, `fn`, ..; in an `impl` of a trait, the trait.
    pub(super) token: TokenStream,
    /// What it is, with its article.
    pub(super) what: &'static str,
    /// The type that it is about, so that a stub can stand in for what is missing.
    pub(super) head: Option<BlockHead>,
}

pub(super) enum BlockMember {
    Method(Method),
    /// No method with a body, be it marked or not.
    Other {
        marker: Option<Attribute>,
        tokens: TokenStream,
    },
}

pub(super) struct Method {
    pub(super) role: MethodRole,
    /// `#[enter]` and `#[exit]` as they were written: one, if nothing is wrong.
    pub(super) markers: Vec<Attribute>,
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) sig: Signature,
    pub(super) body: TokenTree,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MethodRole {
    Enter,
    Exit,
    Unmarked,
}

impl Item {
    /// An error if not even its head can be read.
    pub(super) fn parse(item: &TokenStream) -> Result<Self> {
        let parse = |input: ParseStream<'_>| {
            let word = first_word(item);
            let (what, head) = match word.as_ref().map(ToString::to_string).as_deref() {
                Some("struct") => return Ok(Item::Struct(input.parse()?)),
                Some("impl") => return implementation(input),
                Some("enum") => ("an enum", input.fork().parse().ok().map(BlockHead::of)),
                Some("trait") => ("a trait", None),
                Some("fn" | "async" | "extern") => ("a function", None),
                _ => ("this item", None),
            };
            input.parse::<TokenStream>()?;
            let token = word.into_token_stream();
            Ok(Item::Other(Other { token, what, head }))
        };
        parse.parse2(item.clone())
    }
}

fn implementation(input: ParseStream<'_>) -> Result<Item> {
    let attrs = input.call(Attribute::parse_outer)?;
    input.parse::<Option<Token![unsafe]>>()?;
    input.parse::<Token![impl]>()?;
    let mut generics: Generics = input.parse()?;
    let first: Type = input.parse()?;
    let of_trait = input.parse::<Option<Token![for]>>()?.is_some();
    let second: Option<Type> = if of_trait { Some(input.parse()?) } else { None };
    generics.where_clause = input.parse()?;
    let first = first.into_token_stream();
    if let Some(ty) = second {
        input.parse::<TokenStream>()?;
        let ty = ty.into_token_stream();
        return Ok(Item::Other(Other {
            token: first,
            what: "an `impl` of a trait",
            head: Some(BlockHead { generics, ty }),
        }));
    }
    let content;
    braced!(content in input);
    let inner_attrs = content.call(Attribute::parse_inner)?;
    let mut members = Vec::new();
    while !content.is_empty() {
        members.push(content.parse()?);
    }
    let head = BlockHead { generics, ty: first };
    Ok(Item::Block(Block { attrs, head, inner_attrs, members }))
}

impl BlockHead {
    fn of(item: ItemEnum) -> Self {
        let (name, (_, arguments, _)) = (&item.ident, item.generics.split_for_impl());
        let (ty, generics) = (quote!(#name #arguments), item.generics);
        BlockHead { generics, ty }
    }
}

impl Parse for BlockMember {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let (markers, attrs): (Vec<_>, Vec<_>) = attrs.into_iter().partition(|attr| marker_of(attr).is_some());
        let ahead = input.fork();
        if let Ok((vis, sig, body)) = parse_method(&ahead) {
            input.advance_to(&ahead);
            let role = MethodRole::of(&markers, &sig);
            return Ok(BlockMember::Method(Method { role, markers, attrs, vis, sig, body }));
        }
        let rest = until_end_of_member(input)?;
        Ok(BlockMember::Other { marker: markers.into_iter().next(), tokens: quote!(#(#attrs)* #rest) })
    }
}

impl MethodRole {
    fn of(markers: &[Attribute], sig: &Signature) -> Self {
        let exits = markers.iter().filter(|marker| is_exit(marker)).count();
        match markers.len() {
            0 => MethodRole::Unmarked,
            // With both, only an exit has something to consume.
            all if exits == all || exits > 0 && sig.receiver().is_some() => MethodRole::Exit,
            _ => MethodRole::Enter,
        }
    }
}

pub(super) fn is_exit(marker: &Attribute) -> bool {
    marker_of(marker) == Some("exit")
}

/// `enter` or `exit`, if that is what an attribute is, or was meant to be.
pub(super) fn marker_of(attr: &Attribute) -> Option<&'static str> {
    let path = written(attr.path());
    nearest(path.strip_prefix("lifespan::").unwrap_or(&path), &["enter", "exit"])
}

fn parse_method(input: ParseStream<'_>) -> Result<(Visibility, Signature, TokenTree)> {
    let method = (input.parse()?, input.parse()?, input.parse()?);
    if is_block(&method.2) {
        Ok(method)
    } else {
        Err(Error::new_spanned(method.2, "expected a body"))
    }
}

/// `{ .. }`, also as a `$body:block` of a `macro_rules`, which has invisible delimiters around it.
fn is_block(body: &TokenTree) -> bool {
    let TokenTree::Group(group) = body else {
        return false;
    };
    match group.delimiter() {
        Delimiter::Brace => true,
        Delimiter::None => group.stream().into_iter().next().is_some_and(|inner| is_block(&inner)),
        Delimiter::Parenthesis | Delimiter::Bracket => false,
    }
}

/// A member that is no method, finished or not: up to and with its `;` or its braces.
fn until_end_of_member(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() {
        let token: TokenTree = input.parse()?;
        let ends = is_block(&token) || matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';');
        tokens.extend([token]);
        if ends {
            break;
        }
    }
    Ok(tokens)
}
