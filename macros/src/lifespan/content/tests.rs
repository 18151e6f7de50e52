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
