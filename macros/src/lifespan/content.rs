//! `|config, pool| expr, timeout = "5s"`: the expression in the parentheses of a field's attribute, and the options behind it.
//!
//! The expression stays tokens. It is read only to find its end, and whether it has one: what cannot be read is left to
//! rustc, which says what is wrong with it, and may know a syntax that this crate does not.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident};

use crate::errors::Errors;
use crate::texts;

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
        if is_option(&all) {
            let expr = TokenStream::new();
            return Content {
                expr,
                readable: true,
                options: tokens,
            };
        }
        let behind_expr = |input: ParseStream<'_>| {
            input.parse::<Expr>()?;
            input.parse::<TokenStream>()
        };
        let behind = behind_expr.parse2(tokens).ok();
        let readable = all.is_empty() || behind.is_some();
        let end = match behind {
            Some(behind) => all.len() - behind.into_iter().count(),
            // The options are what looks like some: from the first `, name =` on.
            None => (0..all.len())
                .find(|at| begins_options(&all[*at..]))
                .unwrap_or(all.len()),
        };
        let options = options(attribute, &all[end..], errors);
        Content {
            expr: all[..end].iter().cloned().collect(),
            readable,
            options: options.iter().cloned().collect(),
        }
    }
}

/// What is behind an expression, without its comma.
fn options<'t>(attribute: &Ident, behind: &'t [TokenTree], errors: &mut Errors) -> &'t [TokenTree] {
    match behind {
        [comma, TokenTree::Literal(value), ..] if is_comma(comma) => errors.at(value, texts::option_unnamed(value)),
        [comma, options @ ..] if is_comma(comma) => return options,
        [first, ..] if is_option(behind) => {
            errors.at(first, texts::option_without_a_comma(attribute, first));
            return behind;
        }
        [first, ..] => errors.at(first, texts::expression_ends(attribute, first)),
        [] => {}
    }
    &[]
}

fn begins_options(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [comma, options @ ..] if is_comma(comma) && (options.is_empty() || is_option(options)))
}

fn is_option(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Ident(name), TokenTree::Punct(equals), rest @ ..] = tokens else {
        return false;
    };
    // An associated type in an expression is `Out = u8`; every value of an option is a literal.
    equals.as_char() == '=' && (name == "timeout" || matches!(rest.first(), Some(TokenTree::Literal(_))))
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
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
