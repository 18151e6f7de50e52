//! [`Errors`]: all mistakes of one item, reported together.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, Error};

/// Mistakes, each with the `#[cfg]`s of the code it is about: what is configured away is not wrong.
#[derive(Default)]
pub(crate) struct Errors(Vec<(Vec<Attribute>, Error)>);

impl Errors {
    /// A mistake at all of `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(Error::new_spanned(tokens, message));
    }

    /// A mistake at the whole attribute.
    pub(crate) fn at_attribute(&mut self, message: impl Display) {
        self.push(Error::new(Span::call_site(), message));
    }

    /// The second of two things that exclude each other, and the first.
    pub(crate) fn twice(&mut self, second: impl ToTokens, message: impl Display, first: impl ToTokens) {
        self.at(second, message);
        self.at(first, "first given here");
    }

    pub(crate) fn push(&mut self, error: Error) {
        self.0.push((Vec::new(), error));
    }

    /// Takes over the mistakes found in something that carries `cfgs`.
    pub(crate) fn absorb(&mut self, cfgs: &[Attribute], others: Errors) {
        let under = |(inner, error): (Vec<Attribute>, Error)| (cfgs.iter().cloned().chain(inner).collect(), error);
        self.0.extend(others.0.into_iter().map(under));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first mistake, once more.
    pub(crate) fn first(&self) -> Option<TokenStream> {
        let (cfgs, error) = self.0.first()?;
        Some(compile_error(cfgs, &error.clone().into_iter().next()?))
    }

    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0
            .into_iter()
            .flat_map(|(cfgs, error)| error.into_iter().map(move |one| compile_error(&cfgs, &one)))
            .collect()
    }

    #[cfg(test)]
    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.iter().map(|(_, error)| error.to_string()).collect()
    }
}

fn compile_error(cfgs: &[Attribute], error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    quote!(#(#cfgs)* #error)
}
