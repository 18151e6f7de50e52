//! `async move |config, pool| expr`: the closures in the attributes of a member, and what it is made from.

use proc_macro2::{Span, TokenStream};
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Result, Token, Type};

use super::scan;
use crate::errors::Errors;
use crate::texts;

/// A closure, by itself one whose parameters name what it is made from.
pub(super) struct Closure<P = Param> {
    pub(super) asyncness: Option<Token![async]>,
    pub(super) movement: Option<Token![move]>,
    pub(super) params: Vec<P>,
    /// Without what it cannot do where it stands, which was reported.
    pub(super) expr: TokenStream,
}

pub(super) struct Param {
    pub(super) mutability: Option<Token![mut]>,
    pub(super) name: Ident,
    pub(super) ty: Option<Type>,
    /// Whether it was not named, but should have been.
    pub(super) guessed: bool,
}

impl<P> Closure<P> {
    /// `wanted` says what should be there in place of something without bars.
    pub(super) fn read(expr: TokenStream, param: fn(ParseStream<'_>) -> Result<P>, wanted: &str) -> Result<Self> {
        let read = |input: ParseStream<'_>| {
            let (asyncness, movement) = (input.parse()?, input.parse()?);
            let (params, end) = between_bars(input, param, wanted)?;
            let expr: TokenStream = input.parse()?;
            if expr.is_empty() {
                return Err(Error::new(end, texts::closure_without_body()));
            }
            Ok(Closure {
                asyncness,
                movement,
                params,
                expr,
            })
        };
        read.parse2(expr)
    }
}

/// The parameters, and where the bars end.
fn between_bars<P>(
    input: ParseStream<'_>,
    param: fn(ParseStream<'_>) -> Result<P>,
    wanted: &str,
) -> Result<(Vec<P>, Span)> {
    let mut params = Vec::new();
    let first: Token![|] = input.parse().map_err(|error: Error| Error::new(error.span(), wanted))?;
    loop {
        if let Some(last) = input.parse::<Option<Token![|]>>()? {
            return Ok((params, last.span));
        }
        if input.is_empty() {
            return Err(Error::new(first.span, texts::closure_not_closed()));
        }
        params.push(param(input)?);
        if !input.is_empty() && !input.peek(Token![|]) {
            input.parse::<Token![,]>()?;
        }
    }
}

impl Closure {
    /// `example` is a whole closure that would be right.
    pub(super) fn parse(expr: TokenStream, attribute: &Ident, example: &str, errors: &mut Errors) -> Option<Self> {
        let wanted = texts::closure_wanted(attribute, example);
        if expr.is_empty() {
            errors.at(attribute, wanted);
            return None;
        }
        let mut closure = Closure::read(expr, Param::parse, &wanted)
            .map_err(|error| errors.push(error))
            .ok()?;
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
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mutability = input.parse()?;
        let name = input.parse();
        let name = name.map_err(|error: Error| Error::new(error.span(), texts::closure_of_no_name()))?;
        let is_typed = input.parse::<Option<Token![:]>>()?.is_some();
        let ty = if is_typed { Some(input.parse()?) } else { None };
        Ok(Param {
            mutability,
            name,
            ty,
            guessed: false,
        })
    }
}
