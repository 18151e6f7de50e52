//! Expressions that could not be read.
//!
//! As the argument of a macro one is read by rustc by itself: what is wrong with it is said in rustc's words, and is not a
//! mistake of all that is generated.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Expr;

pub(in crate::lifespan) fn expression(expr: TokenStream) -> TokenStream {
    if syn::parse2::<Expr>(expr.clone()).is_ok() {
        return expr;
    }
    quote!({
        macro_rules! __expression {
            ($expression:expr) => {
                $expression
            };
        }
        __expression! { #expr }
    })
}
