//! What is generated: data and calls, the control flow is in the runtime crate.

mod arguments;
mod beginning;
mod end;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{ReturnType, Signature, Token};

pub(super) use self::beginning::{enter, hidden, lifespan, lifespan_with, public};
pub(super) use self::end::{end, end_by_function, end_by_method};
use super::model::Method;

/// An `#[exit]` method without the marker.
pub(super) fn kept(exit: &Method) -> TokenStream {
    let Method {
        attrs,
        vis,
        sig,
        body,
        ..
    } = exit;
    let sig = asynchronous(sig);
    quote!(#(#attrs)* #vis #sig #body)
}

/// The user's signature under our `async`: that it must be there is our rule, whether or not the body awaits.
///
/// If it was forgotten, that is reported, but not every `.await` in the body as well.
fn asynchronous(sig: &Signature) -> Signature {
    let at = sig.asyncness.map_or(sig.fn_token.span, |token| token.span);
    Signature {
        asyncness: Some(Token![async](Span::call_site().located_at(at))),
        ..sig.clone()
    }
}

/// What is to be blamed if the result is not what it should be: the return type, or, if there is none, the name.
fn returned(sig: &Signature) -> TokenStream {
    match &sig.output {
        ReturnType::Type(_, ty) => ty.to_token_stream(),
        ReturnType::Default => sig.ident.to_token_stream(),
    }
}
