//! What is generated: data and calls, the control flow is in the runtime crate.

mod arguments;
mod beginning;
mod end;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{ReturnType, Signature, Token};

pub(super) use self::beginning::{enter, hidden, inherent, lifespan, public};
pub(super) use self::end::{end, end_by_function, end_by_method};
use super::model::Method;

/// An `#[exit]` method without the marker.
pub(super) fn kept(exit: &Method) -> TokenStream {
    let Method {
        attrs, vis, sig, body, ..
    } = exit;
    let sig = asynchronous(sig);
    quote!(#(#attrs)* #vis #sig #body)
}

/// The user's signature under our `async`: that it must be there is our rule, whether or not the body awaits.
///
/// If it was forgotten, that is reported, but not every `.await` in the body as well.
fn asynchronous(sig: &Signature) -> Signature {
    let at = async_at(sig.asyncness.as_ref(), sig.fn_token);
    Signature {
        asyncness: Some(Token![async](at)),
        ..sig.clone()
    }
}

/// Where `async` stands, or should: a token of ours, so that no lint tells the user to remove it.
fn async_at(asyncness: Option<&Token![async]>, fn_token: Token![fn]) -> Span {
    Span::call_site().located_at(asyncness.map_or(fn_token.span, |token| token.span))
}

/// What is to be blamed if the result is not what it should be: the return type, or, if there is none, the name.
fn returned(sig: &Signature) -> TokenStream {
    match &sig.output {
        ReturnType::Type(_, ty) => ty.to_token_stream(),
        ReturnType::Default => sig.ident.to_token_stream(),
    }
}
