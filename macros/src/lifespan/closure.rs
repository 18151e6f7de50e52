//! `move |config, pool| expr`: what a member is made from, and how.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Result, Token, Type};

use super::content::Content;
use super::scan;
use crate::errors::Errors;

/// A closure whose parameters name what it is made from.
pub(super) struct Closure {
    pub(super) asyncness: Option<Token![async]>,
    pub(super) movement: Option<Token![move]>,
    pub(super) params: Vec<Param>,
    pub(super) expr: TokenStream,
    /// Whether the expression could be read.
    pub(super) readable: bool,
}

pub(super) struct Param {
    pub(super) mutability: Option<Token![mut]>,
    pub(super) name: Ident,
    pub(super) ty: Option<Type>,
}

impl Closure {
    /// `example` is a whole closure that would be right.
    pub(super) fn parse(content: Content, attribute: &Ident, example: &str, errors: &mut Errors) -> Option<Self> {
        let wanted = || {
            format!(
                "`#[{attribute}]` needs a closure whose parameters are what it is made from\n\
                 help: write `#[{attribute}({example})]`"
            )
        };
        if content.expr.is_empty() {
            errors.at(attribute, wanted());
            return None;
        }
        let parse = |input: ParseStream<'_>| Closure::parse_from(input, &wanted);
        let closure = match parse.parse2(content.expr) {
            Ok(closure) => Closure {
                readable: content.readable,
                ..closure
            },
            Err(error) => {
                errors.push(error);
                return None;
            }
        };
        if closure.asyncness.is_none() {
            if let (Some(word), _) = scan::awaited(&closure.expr) {
                let message = format!(
                    "`.await` in an expression of `#[{attribute}]`\n\
                     help: leave it out: the expression describes what to await, and the lifespan awaits it when it is time"
                );
                errors.at(word, message);
            }
        }
        Some(closure)
    }

    fn parse_from(input: ParseStream<'_>, wanted: &impl Fn() -> String) -> Result<Self> {
        let asyncness = input.parse()?;
        let movement = input.parse()?;
        let (params, end) = if let Some(bars) = input.parse::<Option<Token![||]>>()? {
            (Vec::new(), bars.spans[1])
        } else {
            let bar = input
                .parse::<Token![|]>()
                .map_err(|error| Error::new(error.span(), wanted()))?;
            params(bar, input)?
        };
        let expr: TokenStream = input.parse()?;
        if expr.is_empty() {
            return Err(Error::new(end, "the closure has no body"));
        }
        Ok(Closure {
            asyncness,
            movement,
            params,
            expr,
            readable: true,
        })
    }

    /// The parameter that names this, be it for the order alone.
    pub(super) fn names(&self, name: &Ident) -> Option<&Param> {
        let name = name.unraw().to_string();
        let is_it = |param: &&Param| {
            let param = param.name.unraw().to_string();
            param == name || param.strip_prefix('_') == Some(&name)
        };
        self.params.iter().find(is_it)
    }
}

/// Up to and with the closing bar.
fn params(first: Token![|], input: ParseStream<'_>) -> Result<(Vec<Param>, Span)> {
    let mut params: Vec<Param> = Vec::new();
    loop {
        if let Some(last) = input.parse::<Option<Token![|]>>()? {
            return Ok((params, last.span));
        }
        if input.is_empty() {
            return Err(Error::new(first.span, "the bars of the closure are not closed"));
        }
        params.push(param(input)?);
        if !input.is_empty() && !input.peek(Token![|]) {
            input.parse::<Token![,]>()?;
        }
    }
}

fn param(input: ParseStream<'_>) -> Result<Param> {
    let mutability = input.parse()?;
    let name = input.parse().map_err(|error: Error| {
        let message = "a parameter is the name of a member or an input";
        Error::new(error.span(), message)
    })?;
    let ty = match input.parse::<Option<Token![:]>>()? {
        Some(_) => Some(input.parse()?),
        None => None,
    };
    Ok(Param { mutability, name, ty })
}
