//! `async |pool, exit| expr`: how a member ends, beside it.
//!
//! Any function of the member and an `Exit` will do. Of a closure the parameters are counted, and one that takes the
//! member alone gets the other.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Ident, Token};

use super::closure::{Closure, Param};
use super::scan;
use crate::blame::written;
use crate::errors::Errors;
use crate::texts;

pub(super) struct Ending {
    /// After a mistake, what may have been meant.
    pub(super) function: TokenStream,
    /// Whether it takes the member and an `Exit`, as far as that is known.
    pub(super) takes_both: bool,
}

impl Ending {
    /// That of the member of this name; nothing if there is only an option.
    pub(super) fn parse(expr: TokenStream, member: &Ident, errors: &mut Errors) -> Option<Self> {
        if expr.is_empty() {
            return None;
        }
        let Ok(closure) = Closure::read(expr.clone(), false, "") else {
            // What is no closure, or cannot be read, is as it is.
            if scan::unbound(&expr).contains_key(&member.unraw().to_string()) {
                errors.at(&expr, texts::exit_no_closure(member));
                return None;
            }
            return Some(Ending { function: expr, takes_both: true });
        };
        let (mut asyncness, movement, body) = (closure.asyncness, closure.movement, closure.expr);
        let params = closure.params.into_iter();
        let mut params: Vec<_> = params
            .map(|Param { pattern, colon, ty, .. }| quote!(#pattern #colon #ty))
            .collect();
        if let (None, Some(at)) = (asyncness, wrong_without_async(&body)) {
            errors.at(at, texts::exit_not_async(written(quote!(#(#params),*))));
            asyncness = Some(Token![async](Span::mixed_site()));
        }
        match params.len() {
            0 => errors.at(quote!(#asyncness #movement), texts::exit_of_other_parameters()),
            1 => params.push(quote!(_)),
            2 => {}
            _ => errors.at(quote!(#(#params),*), texts::exit_of_other_parameters()),
        }
        Some(Ending {
            function: quote!(#asyncness #movement |#(#params),*| #body),
            takes_both: params.len() == 2,
        })
    }
}

/// Without `async` it has to give a future, which is for rustc to say; what certainly gives none is found here: an `.await`,
/// `{ pool.close(); }`, and `drop(pool)`.
fn wrong_without_async(body: &TokenStream) -> Option<TokenStream> {
    let (awaited, _) = scan::awaited(body);
    let tokens: Vec<_> = body.clone().into_iter().collect();
    let gives_nothing = match &tokens[..] {
        [TokenTree::Group(block)] if block.delimiter() == Delimiter::Brace => match block.stream().into_iter().last() {
            Some(TokenTree::Punct(last)) => last.as_char() == ';',
            last => last.is_none(),
        },
        [TokenTree::Ident(name), TokenTree::Group(_)] => name == "drop",
        _ => false,
    };
    awaited
        .map(TokenStream::from)
        .or_else(|| gives_nothing.then(|| body.clone()))
}

#[cfg(test)]
mod tests;
