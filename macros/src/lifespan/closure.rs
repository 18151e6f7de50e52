//! `move |config, pool| expr, timeout = "5s"`: what is in the parentheses of a field's attribute.
//!
//! The expression stays tokens: it is not changed, and an editor hands over half-typed ones.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Result, Token, Type};

use crate::errors::Errors;

/// A closure whose parameters name what it is made from.
pub(super) struct Closure {
    pub(super) asyncness: Option<Token![async]>,
    pub(super) movement: Option<Token![move]>,
    pub(super) params: Vec<Param>,
    pub(super) expr: TokenStream,
}

pub(super) struct Param {
    pub(super) mutability: Option<Token![mut]>,
    pub(super) name: Ident,
    pub(super) ty: Option<Type>,
}

impl Closure {
    /// `example` is a whole closure that would be right.
    pub(super) fn parse(
        tokens: TokenStream,
        attribute: &Ident,
        example: &str,
        errors: &mut Errors,
    ) -> Option<Self> {
        let wanted = || {
            format!(
                "`#[{attribute}]` needs a closure whose parameters are what it is made from\n\
                 help: write `#[{attribute}({example})]`"
            )
        };
        if tokens.is_empty() {
            errors.at(attribute, wanted());
            return None;
        }
        let parse = |input: ParseStream<'_>| Closure::parse_from(input, &wanted);
        let closure = match parse.parse2(tokens) {
            Ok(closure) => closure,
            Err(error) => {
                errors.push(error);
                return None;
            }
        };
        if closure.asyncness.is_none() {
            if let Some(word) = awaited(&closure.expr) {
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
        let params = if input.peek(Token![||]) {
            input.parse::<Token![||]>()?;
            Vec::new()
        } else {
            input
                .parse::<Token![|]>()
                .map_err(|error| Error::new(error.span(), wanted()))?;
            params(input)?
        };
        let expr: TokenStream = input.parse()?;
        if expr.is_empty() {
            return Err(input.error("the closure has no body"));
        }
        Ok(Closure {
            asyncness,
            movement,
            params,
            expr,
        })
    }
}

/// Up to and with the closing bar.
fn params(input: ParseStream<'_>) -> Result<Vec<Param>> {
    let mut params = Vec::new();
    while input.parse::<Option<Token![|]>>()?.is_none() {
        params.push(param(input)?);
        if !input.peek(Token![|]) {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(params)
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
    Ok(Param {
        mutability,
        name,
        ty,
    })
}

/// The expression, and the options behind it: from the first `, name =` on.
pub(super) fn split(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    if is_option(&tokens) {
        return (TokenStream::new(), tokens.into_iter().collect());
    }
    let comma =
        (0..tokens.len()).find(|at| is_punct(&tokens[*at], ',') && is_option(&tokens[at + 1..]));
    match comma {
        Some(at) => {
            let options = tokens[at + 1..].iter().cloned().collect();
            (tokens[..at].iter().cloned().collect(), options)
        }
        None => (without_last_comma(&tokens), TokenStream::new()),
    }
}

fn without_last_comma(tokens: &[TokenTree]) -> TokenStream {
    match tokens {
        [rest @ .., last] if is_punct(last, ',') => rest.iter().cloned().collect(),
        tokens => tokens.iter().cloned().collect(),
    }
}

fn is_option(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Ident(name), TokenTree::Punct(equals), rest @ ..] = tokens else {
        return false;
    };
    // An associated type in an expression is `Out = u8`; every value of an option is a literal.
    equals.as_char() == '='
        && (name == "timeout" || matches!(rest.first(), Some(TokenTree::Literal(_))))
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

/// The first `.await` that is in no `async` of its own.
fn awaited(expr: &TokenStream) -> Option<Ident> {
    let mut after_dot = false;
    let mut in_async = false;
    let mut in_bars = false;
    for token in expr.clone() {
        match &token {
            TokenTree::Ident(word) if word == "async" => in_async = true,
            TokenTree::Punct(bar) if bar.as_char() == '|' && in_async => in_bars = !in_bars,
            TokenTree::Ident(word) if word == "await" && after_dot && !in_async => {
                return Some(word.clone());
            }
            // An `async` closure without braces ends with the argument that it is.
            TokenTree::Punct(punct) if punct.as_char() == ',' && !in_bars => in_async = false,
            TokenTree::Group(group) => {
                if !in_async {
                    if let Some(word) = awaited(&group.stream()) {
                        return Some(word);
                    }
                }
                in_async &= group.delimiter() != Delimiter::Brace;
            }
            _ => {}
        }
        after_dot = is_punct(&token, '.');
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{awaited, split};
    use quote::quote;

    #[test]
    fn options_are_behind_the_expression() {
        let (expr, options) = split(quote!(|a| f::<A, B>(a, b == c), timeout = "5s"));
        assert_eq!(
            expr.to_string(),
            quote!(|a| f::<A, B>(a, b == c)).to_string()
        );
        assert_eq!(options.to_string(), quote!(timeout = "5s").to_string());
        let (expr, options) = split(quote!(|| f::<dyn Fold<u8, Out = u8>>(), retries = 3));
        assert_eq!(
            expr.to_string(),
            quote!(|| f::<dyn Fold<u8, Out = u8>>()).to_string()
        );
        assert_eq!(options.to_string(), quote!(retries = 3).to_string());
        let (expr, options) = split(quote!(timeout = "5s"));
        assert_eq!(
            (expr.to_string(), options.to_string()),
            (String::new(), quote!(timeout = "5s").to_string())
        );
        let (expr, options) = split(quote!(|a| b == c,));
        assert_eq!(
            (expr.to_string(), options.to_string()),
            (quote!(|a| b == c).to_string(), String::new())
        );
    }

    #[test]
    fn awaits_of_its_own() {
        assert!(awaited(&quote!(f(a).await)).is_some());
        assert!(awaited(&quote!(f(g(a).await))).is_some());
        assert!(awaited(&quote!(async { f(a).await })).is_none());
        assert!(awaited(&quote!(f(async |a| g(a).await, b.await))).is_some());
        assert!(awaited(&quote!(a.await_all(b))).is_none());
        assert!(
            awaited(&quote!(start(async move |ready, stop| {
                stop.requested().await;
            })))
            .is_none()
        );
        assert!(awaited(&quote!(new(open(), async |it, _| it.close().await))).is_none());
        assert!(awaited(&quote!(new(async |it, _| it.close().await, open().await))).is_some());
    }
}
