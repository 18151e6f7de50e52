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
    // An associated type in an expression is `Out = u8`; every value of another option is a literal.
    equals.as_char() == '='
        && (name == "timeout" || name == "when" || matches!(rest.first(), Some(TokenTree::Literal(_))))
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

#[cfg(test)]
mod tests;
