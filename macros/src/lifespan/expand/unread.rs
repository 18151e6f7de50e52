//! Expressions that could not be read.
//!
//! As arguments of a macro they are read by rustc one by one: what is wrong with one is said in rustc's words, and is not a
//! mistake of all that is generated.

use proc_macro2::TokenStream;
use quote::quote;

use crate::lifespan::model::{Model, Role};

pub(in crate::lifespan) fn expression(readable: bool, expr: TokenStream) -> TokenStream {
    if readable {
        expr
    } else {
        quote!(__expression! { #expr })
    }
}

/// The macro, if it is needed.
pub(in crate::lifespan) fn definition(model: &Model<'_>) -> Option<TokenStream> {
    let is_unread = |role: &Role| {
        role.closure().is_some_and(|closure| !closure.readable) || role.ending().is_some_and(|ending| !ending.readable)
    };
    let any = model.fields.iter().any(|field| is_unread(&field.role));
    any.then(|| {
        quote! {
            macro_rules! __expression {
                ($expression:expr) => {
                    $expression
                };
            }
        }
    })
}
