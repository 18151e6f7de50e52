//! What was written, before anything is known to be right about it.
//!
//! Bodies and members that are no methods stay tokens: they are not changed, and an editor hands over half-typed ones.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{
    Attribute, Error, Generics, Ident, ItemEnum, ItemStruct, Result, Signature, Token, Type, Visibility, WhereClause,
    braced,
};

use super::check::borrows;
use super::options::Options;
use crate::attributes;
use crate::blame::our_generics;
use crate::options::nearest;

pub(crate) enum Item {
    Block(Block),
    Declaration(Declaration),
    Other(Other),
    /// Not even its head could be parsed.
    Unfinished {
        item: TokenStream,
        error: Error,
    },
}

/// An inherent `impl` block.
pub(crate) struct Block {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) inner_attrs: Vec<Attribute>,
    pub(crate) head: Head,
    pub(crate) members: Vec<Member>,
}

/// A struct and the tokens it came as.
pub(crate) struct Declaration {
    pub(crate) tokens: TokenStream,
    pub(crate) item: ItemStruct,
}

/// An item that the attribute does not belong on.
pub(crate) struct Other {
    pub(crate) tokens: TokenStream,
    /// `enum`, `fn`, ..; in an `impl` of a trait, the trait.
    pub(crate) token: TokenStream,
    /// What it is, with its article.
    pub(crate) what: &'static str,
    /// The type that it is about, so that a stub can stand in for what is missing.
    pub(crate) head: Option<Head>,
}

/// The type of a resource and what has to be said before it can be named.
pub(crate) struct Head {
    pub(crate) generics: Generics,
    pub(crate) ty: Type,
}

pub(crate) enum Member {
    Enter(Method),
    Exit(Method),
    /// Marked, but no method with a body.
    Misplaced {
        marker: Attribute,
        tokens: TokenStream,
    },
    Other(TokenStream),
}

pub(crate) struct Method {
    /// `#[enter]` and `#[exit]` as they were written: one, if nothing is wrong.
    pub(crate) markers: Vec<Attribute>,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: TokenTree,
}

/// What is to become a resource, whichever form it was written in.
pub(crate) struct Subject<'a> {
    /// For impls that are generated about it.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) generics: Generics,
    pub(crate) ty: TokenStream,
    pub(crate) where_clause: Option<&'a WhereClause>,
    /// Whether it is a `LocalResource`.
    pub(crate) local: bool,
    pub(crate) options: &'a Options,
}

impl Item {
    pub(crate) fn parse(item: TokenStream) -> Self {
        let parse = |input: ParseStream<'_>| Item::parse_as(input, item.clone());
        parse
            .parse2(item.clone())
            .unwrap_or_else(|error| Item::Unfinished { item, error })
    }

    fn parse_as(input: ParseStream<'_>, tokens: TokenStream) -> Result<Self> {
        let head = input.fork();
        let attrs = head.call(Attribute::parse_outer)?;
        head.parse::<Visibility>()?;
        head.parse::<Option<Token![unsafe]>>()?;
        if head.peek(Token![struct]) {
            return Ok(Item::Declaration(Declaration {
                tokens,
                item: input.parse()?,
            }));
        }
        if head.peek(Token![impl]) {
            input.advance_to(&head);
            return parse_impl(attrs, input, tokens);
        }
        let item = Other::parse(input, &head, tokens)?;
        rest(input)?;
        Ok(Item::Other(item))
    }
}

fn parse_impl(attrs: Vec<Attribute>, input: ParseStream<'_>, tokens: TokenStream) -> Result<Item> {
    input.parse::<Token![impl]>()?;
    let mut generics = if input.peek(Token![<]) {
        input.parse()?
    } else {
        Generics::default()
    };
    let mut ty: Type = input.parse()?;
    let of_trait = input.parse::<Option<Token![for]>>()?.is_some();
    let token = ty.to_token_stream();
    if of_trait {
        ty = input.parse()?;
    }
    generics.where_clause = input.parse()?;
    let head = Head { generics, ty };
    if of_trait {
        rest(input)?;
        return Ok(Item::Other(Other {
            tokens,
            token,
            what: "an `impl` of a trait",
            head: Some(head),
        }));
    }
    let content;
    braced!(content in input);
    let inner_attrs = content.call(Attribute::parse_inner)?;
    let mut members = Vec::new();
    while !content.is_empty() {
        members.push(content.parse()?);
    }
    Ok(Item::Block(Block {
        attrs,
        inner_attrs,
        head,
        members,
    }))
}

impl Other {
    fn parse(input: ParseStream<'_>, head: ParseStream<'_>, tokens: TokenStream) -> Result<Self> {
        let token = head.fork().parse::<TokenTree>()?.into_token_stream();
        let other = |what, head| {
            Ok(Other {
                tokens,
                token,
                what,
                head,
            })
        };
        if head.peek(Token![enum]) {
            let Ok(ItemEnum { ident, generics, .. }) = input.fork().parse() else {
                return other("an enum", None);
            };
            let ty = applied(&ident, &generics);
            return other(
                "an enum",
                Some(Head {
                    generics,
                    ty: Type::Verbatim(ty),
                }),
            );
        }
        let what = if head.peek(Token![trait]) {
            "a trait"
        } else if head.peek(Token![fn]) || head.peek(Token![async]) || head.peek(Token![extern]) {
            "a function"
        } else {
            "this item"
        };
        other(what, None)
    }
}

impl Parse for Member {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (markers, attrs): (Vec<_>, Vec<_>) = input.call(Attribute::parse_outer)?.into_iter().partition(is_marker);
        let ahead = input.fork();
        if let Ok((vis, sig, body)) = parse_method(&ahead) {
            input.advance_to(&ahead);
            return Ok(Member::of(Method {
                markers,
                attrs,
                vis,
                sig,
                body,
            }));
        }
        let rest = until_end_of_member(input)?;
        let tokens = quote!(#(#attrs)* #rest);
        Ok(match markers.into_iter().next() {
            Some(marker) => Member::Misplaced { marker, tokens },
            None => Member::Other(tokens),
        })
    }
}

impl Member {
    fn of(method: Method) -> Self {
        let is_exit = method.markers.iter().any(is_exit);
        match method.markers.first() {
            None => Member::Other(method.to_token_stream()),
            // With both, only an exit has something to consume.
            Some(_) if is_exit && (method.sig.receiver().is_some() || method.markers.iter().all(self::is_exit)) => {
                Member::Exit(method)
            }
            Some(_) => Member::Enter(method),
        }
    }
}

pub(crate) fn is_exit(marker: &Attribute) -> bool {
    marker_of(marker) == Some("exit")
}

fn is_marker(attr: &Attribute) -> bool {
    marker_of(attr).is_some()
}

/// `enter` or `exit`, if that is what an attribute is, or was meant to be.
pub(crate) fn marker_of(attr: &Attribute) -> Option<&'static str> {
    let path = attr.path();
    let last = path.segments.last()?.ident.to_string();
    let is_ours = path.segments.len() == 2 && path.segments[0].ident == "lifespan";
    if path.get_ident().is_some() || is_ours {
        nearest(&last, &["enter", "exit"])
    } else {
        None
    }
}

/// An item without what the attribute cannot share it with: itself, and `#[lifespan]`.
pub(crate) fn alone(item: TokenStream) -> (TokenStream, Vec<Attribute>) {
    let parse = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_outer)?;
        let (others, attrs): (Vec<_>, Vec<_>) = attrs.into_iter().partition(is_other);
        let rest = self::rest(input)?;
        Ok((quote!(#(#attrs)* #rest), others))
    };
    match parse.parse2(item.clone()) {
        Ok((alone, others)) if !others.is_empty() => (alone, others),
        _ => (item, Vec::new()),
    }
}

fn is_other(attr: &Attribute) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|last| last.ident == "scoped_resource" || is_lifespan(attr))
}

/// Whether an attribute is `#[lifespan]`, or what that has become.
pub(crate) fn is_lifespan(attr: &Attribute) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|last| last.ident == "lifespan" || last.ident == "__lifespan")
}

fn parse_method(input: ParseStream<'_>) -> Result<(Visibility, Signature, TokenTree)> {
    let vis = input.parse()?;
    let sig = input.parse()?;
    let body: TokenTree = input.parse()?;
    if is_block(&body) {
        Ok((vis, sig, body))
    } else {
        Err(Error::new_spanned(body, "expected a body"))
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

fn rest(input: ParseStream<'_>) -> Result<TokenStream> {
    input.parse()
}

impl ToTokens for Method {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Method {
            markers: _,
            attrs,
            vis,
            sig,
            body,
        } = self;
        tokens.extend(quote!(#(#attrs)* #vis #sig #body));
    }
}

impl Block {
    /// All before the braces.
    pub(crate) fn header(&self) -> TokenStream {
        let Block {
            attrs,
            head: Head { generics, ty },
            ..
        } = self;
        let where_clause = &generics.where_clause;
        quote!(#(#attrs)* impl #generics #ty #where_clause)
    }

    pub(crate) fn subject<'a>(&'a self, options: &'a Options) -> Subject<'a> {
        self.head.subject(&self.attrs, options)
    }
}

impl Head {
    pub(crate) fn subject<'a>(&'a self, attrs: &[Attribute], options: &'a Options) -> Subject<'a> {
        Subject {
            attrs: attributes::conditions_and_lints(attrs),
            generics: our_generics(self.generics.clone()),
            ty: self.ty.to_token_stream(),
            where_clause: self.generics.where_clause.as_ref(),
            local: options.common.local.get().is_some() || borrows(&self.ty),
            options,
        }
    }
}

impl Declaration {
    pub(crate) fn ty(&self) -> TokenStream {
        applied(&self.item.ident, &self.item.generics)
    }

    pub(crate) fn subject<'a>(&'a self, options: &'a Options) -> Subject<'a> {
        let generics = &self.item.generics;
        Subject {
            attrs: attributes::conditions_and_lints(&self.item.attrs),
            generics: our_generics(generics.clone()),
            ty: self.ty(),
            where_clause: generics.where_clause.as_ref(),
            local: options.common.local.get().is_some() || generics.lifetimes().next().is_some(),
            options,
        }
    }
}

/// `Session<'a, T>`: a type under its own parameters.
fn applied(ident: &Ident, generics: &Generics) -> TokenStream {
    let (_, arguments, _) = generics.split_for_impl();
    quote!(#ident #arguments)
}
