//! `|config, pool| expr, timeout = "5s"`: the expression in the parentheses of a field's attribute, and the options behind it.
//!
//! The expression stays tokens. It is read only to find its end, and whether it has one: what cannot be read is left to
//! rustc, which says what is wrong with it, and may know a syntax that this crate does not.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident};

use crate::errors::Errors;

#[derive(Default)]
pub(super) struct Content {
    pub(super) expr: TokenStream,
    /// Whether the expression could be read.
    pub(super) readable: bool,
    pub(super) options: TokenStream,
}

impl Content {
    pub(super) fn parse(attribute: &Ident, tokens: TokenStream, errors: &mut Errors) -> Self {
        let all: Vec<_> = tokens.clone().into_iter().collect();
        if all.is_empty() || is_option(&all) {
            return Content {
                expr: TokenStream::new(),
                readable: true,
                options: tokens,
            };
        }
        let parsed = |input: ParseStream<'_>| {
            input.parse::<Expr>()?;
            input.parse::<TokenStream>()
        };
        let Ok(rest) = parsed.parse2(tokens) else {
            return Content::unreadable(&all);
        };
        let behind: Vec<_> = rest.into_iter().collect();
        let expr = &all[..all.len() - behind.len()];
        Content {
            expr: expr.iter().cloned().collect(),
            readable: true,
            options: options(attribute, &behind, errors),
        }
    }

    /// The options are what looks like some: from the first `, name =` on.
    fn unreadable(tokens: &[TokenTree]) -> Self {
        let is_comma =
            |at: &usize| is_punct(&tokens[*at], ',') && (is_option(&tokens[at + 1..]) || at + 1 == tokens.len());
        let end = (0..tokens.len()).find(is_comma);
        let end = end.unwrap_or(tokens.len());
        Content {
            expr: tokens[..end].iter().cloned().collect(),
            readable: false,
            options: tokens[end..].iter().skip(1).cloned().collect(),
        }
    }
}

/// What is behind an expression, without its comma.
fn options(attribute: &Ident, behind: &[TokenTree], errors: &mut Errors) -> TokenStream {
    let options = match behind {
        [] => return TokenStream::new(),
        [comma, options @ ..] if is_punct(comma, ',') => options,
        [first, ..] if is_option(behind) => {
            errors.at(
                first,
                format!("expected `,` before `{first}`\nhelp: options stand behind the expression: `#[{attribute}(.., {first} = ..)]`"),
            );
            behind
        }
        [first, ..] => {
            errors.at(
                first,
                format!("the expression of `#[{attribute}]` ends before `{first}`\nhelp: a comma or an operator may be missing"),
            );
            return TokenStream::new();
        }
    };
    if let [TokenTree::Literal(value), ..] = options {
        errors.at(value, format!("an option has a name\nhelp: write `timeout = {value}`"));
        return TokenStream::new();
    }
    options.iter().cloned().collect()
}

fn is_option(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Ident(name), TokenTree::Punct(equals), rest @ ..] = tokens else {
        return false;
    };
    // An associated type in an expression is `Out = u8`; every value of an option is a literal.
    equals.as_char() == '=' && (name == "timeout" || matches!(rest.first(), Some(TokenTree::Literal(_))))
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Ident, Span, TokenStream};
    use quote::quote;

    use super::Content;
    use crate::errors::Errors;

    fn split(tokens: TokenStream) -> (String, String, Vec<String>) {
        let mut errors = Errors::default();
        let enter = Ident::new("enter", Span::call_site());
        let Content { expr, options, .. } = Content::parse(&enter, tokens, &mut errors);
        (expr.to_string(), options.to_string(), errors.texts())
    }

    fn assert_split(whole: TokenStream, expr: &TokenStream, options: &TokenStream) {
        let expected = (expr.to_string(), options.to_string(), Vec::new());
        assert_eq!(split(whole), expected);
    }

    #[test]
    fn options_are_behind_the_expression() {
        assert_split(
            quote!(|a| f::<A, B>(a, b == c), timeout = "5s"),
            &quote!(|a| f::<A, B>(a, b == c)),
            &quote!(timeout = "5s"),
        );
        assert_split(
            quote!(|| f::<dyn Fold<u8, Out = u8>>(), retries = 3),
            &quote!(|| f::<dyn Fold<u8, Out = u8>>()),
            &quote!(retries = 3),
        );
        assert_split(quote!(timeout = "5s"), &quote!(), &quote!(timeout = "5s"));
        assert_split(quote!(|a| b == c,), &quote!(|a| b == c), &quote!());
    }

    #[test]
    fn also_where_the_expression_cannot_be_read() {
        assert_split(
            quote!(|a| f(a,, b), timeout = "5s"),
            &quote!(|a| f(a,, b)),
            &quote!(timeout = "5s"),
        );
        assert_split(quote!(|a| a.,), &quote!(|a| a.), &quote!());
    }

    #[test]
    fn an_option_needs_a_comma_and_a_name() {
        let (expr, options, errors) = split(quote!(|a| f(a) timeout = "5s"));
        assert_eq!(expr, quote!(|a| f(a)).to_string());
        assert_eq!(options, quote!(timeout = "5s").to_string());
        assert!(errors[0].starts_with("expected `,` before `timeout`\n"));
        let (_, _, errors) = split(quote!(|a| f(a), "5s"));
        assert_eq!(errors, ["an option has a name\nhelp: write `timeout = \"5s\"`"]);
    }
}
