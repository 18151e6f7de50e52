//! `async move |config, pool| expr`: the closures in the attributes of a member.

use proc_macro2::{Span, TokenStream};
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Pat, Result, Token, Type};

use super::scan;
use crate::errors::Errors;
use crate::texts;

pub(super) struct Closure {
    pub(super) asyncness: Option<Token![async]>,
    pub(super) movement: Option<Token![move]>,
    pub(super) params: Vec<Param>,
    /// Without what it cannot do where it stands, which was reported.
    pub(super) expr: TokenStream,
}

pub(super) struct Param {
    pub(super) pattern: Pat,
    /// What the member is made from: the pattern, without its `mut`.
    pub(super) name: Ident,
    pub(super) colon: Option<Token![:]>,
    pub(super) ty: Option<Type>,
    /// Whether it was not named, but should have been.
    pub(super) guessed: bool,
}

impl Closure {
    /// `wanted` says what should be there in place of something without bars; `of_names` whether patterns are refused.
    pub(super) fn read(expr: TokenStream, of_names: bool, wanted: &str) -> Result<Self> {
        let read = |input: ParseStream<'_>| {
            let (asyncness, movement, mut params) = (input.parse()?, input.parse()?, Vec::new());
            let first = input.parse::<Token![|]>();
            let first = first.map_err(|error| Error::new(error.span(), wanted))?;
            while !input.peek(Token![|]) {
                if input.is_empty() {
                    return Err(Error::new(first.span, texts::closure_not_closed()));
                }
                params.push(Param::parse(input, of_names)?);
                if !input.is_empty() && !input.peek(Token![|]) {
                    input.parse::<Token![,]>()?;
                }
            }
            let (last, expr): (Token![|], TokenStream) = (input.parse()?, input.parse()?);
            if expr.is_empty() {
                return Err(Error::new(last.span, texts::closure_without_body()));
            }
            Ok(Closure { asyncness, movement, params, expr })
        };
        read.parse2(expr)
    }

    /// One that makes a member; `example` is a whole one that would be right.
    pub(super) fn parse(expr: TokenStream, attribute: &Ident, example: &str, errors: &mut Errors) -> Option<Self> {
        let wanted = texts::closure_wanted(attribute, example);
        if expr.is_empty() {
            errors.at(attribute, wanted);
            return None;
        }
        let closure = Closure::read(expr, true, &wanted);
        let mut closure = closure.map_err(|error| errors.push(error)).ok()?;
        if closure.asyncness.is_none() {
            if let (Some(word), without) = scan::awaited(&closure.expr) {
                errors.at(word, texts::closure_awaits(attribute));
                closure.expr = without;
            }
        }
        Some(closure)
    }
}

impl Param {
    fn parse(input: ParseStream<'_>, of_names: bool) -> Result<Self> {
        let pattern = Pat::parse_single(input);
        let name = match &pattern {
            Ok(Pat::Ident(pattern)) if pattern.by_ref.is_none() && pattern.subpat.is_none() => pattern.ident.clone(),
            Ok(pattern) if of_names => return Err(Error::new_spanned(pattern, texts::closure_of_no_name())),
            Err(error) if of_names => return Err(Error::new(error.span(), texts::closure_of_no_name())),
            _ => Ident::new("_", Span::call_site()),
        };
        let colon: Option<Token![:]> = input.parse()?;
        Ok(Param {
            pattern: pattern?,
            name,
            ty: colon.map(|_| input.parse()).transpose()?,
            colon,
            guessed: false,
        })
    }
}
