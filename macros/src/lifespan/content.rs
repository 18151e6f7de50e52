//! `|config, pool| expr, timeout = "5s"`: the expression in the parentheses of a field's attribute, and the options behind it.
//!
//! The expression stays tokens. It is read only to find its end, and whether it has one: what cannot be read is left to
//! rustc, which says what is wrong with it, and may know a syntax that this crate does not.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident};

use crate::errors::Errors;
use crate::texts;

/// The expression, and the options behind it.
pub(super) fn split(attribute: &Ident, tokens: TokenStream, errors: &mut Errors) -> (TokenStream, TokenStream) {
    let all: Vec<_> = tokens.clone().into_iter().collect();
    if is_option(&all) {
        return (TokenStream::new(), tokens);
    }
    let behind_expr = |input: ParseStream<'_>| {
        input.parse::<Expr>()?;
        input.parse::<TokenStream>()
    };
    let end = if let Ok(behind) = behind_expr.parse2(tokens) {
        all.len() - behind.into_iter().count()
    } else {
        // The options are what looks like some: from the first `, name =` on.
        let is_end = |at: &usize| begins_options(&all[*at..]);
        (0..all.len()).find(is_end).unwrap_or(all.len())
    };
    let (expr, behind) = all.split_at(end);
    let collected = |tokens: &[TokenTree]| tokens.iter().cloned().collect();
    (collected(expr), collected(options(attribute, behind, errors)))
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

    use crate::errors::Errors;

    fn split(tokens: TokenStream) -> (String, String, Vec<String>) {
        let mut errors = Errors::default();
        let enter = Ident::new("enter", Span::call_site());
        let (expr, options) = super::split(&enter, tokens, &mut errors);
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
