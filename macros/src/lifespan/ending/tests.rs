use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::Ending;
use crate::errors::Errors;

fn function(expr: TokenStream) -> (String, Vec<String>) {
    let mut errors = Errors::default();
    let ending = Ending::parse(expr, &format_ident!("pool"), &mut errors).unwrap();
    (ending.function.to_string(), errors.texts())
}

#[test]
fn one_parameter_is_enough() {
    for (written, taken) in [
        (
            quote!(async |pool| pool.close().await),
            quote!(async |pool, _| pool.close().await),
        ),
        (quote!(async |pool| {}), quote!(async |pool, _| {})),
        (
            quote!(async |(a, b): Pair<A, B>| {}),
            quote!(async |(a, b): Pair<A, B>, _| {}),
        ),
        (quote!(async |pool, exit| {}), quote!(async |pool, exit| {})),
        (quote!(Pool::close), quote!(Pool::close)),
    ] {
        assert_eq!(function(written), (taken.to_string(), Vec::new()));
    }
}

#[test]
fn without_async_it_has_to_give_a_future() {
    for written in [
        quote!(|pool, _| pool.close().await),
        quote!(|pool| {
            pool.close();
        }),
        quote!(|pool| {}),
        quote!(|pool, _| drop(pool)),
    ] {
        let (_, errors) = function(written);
        assert!(errors[0].starts_with("the exit of this member is not `async`\n"));
    }
    for written in [
        quote!(|pool, _| pool.close()),
        quote!(|pool, _| async move { pool.close().await }),
        quote!(|pool, _| {
            let closing = pool.close();
            async { closing.await }
        }),
    ] {
        assert_eq!(function(written).1, [""; 0]);
    }
}

#[test]
fn none_or_three_are_refused() {
    for written in [quote!(async || {}), quote!(async |a, b, c| {})] {
        let (_, errors) = function(written);
        assert!(errors[0].starts_with("an exit gets the member, and an `Exit`"));
    }
}
