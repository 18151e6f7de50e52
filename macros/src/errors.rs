//! [`Errors`]: all mistakes of one item, reported together; and [`texts!`], in which each says what is wrong, and the way out.

use std::fmt::Display;

use proc_macro2::TokenStream;
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

    /// A type that is wrong: rustc says nothing about what is done with it. The mistake in it is the first one, which is
    /// reported anyway, and not shown again at the same place.
    pub(crate) fn wrong_type(&self) -> TokenStream {
        let error = self.0.first().map(|(cfgs, error)| compile_error(cfgs, error));
        quote!([(); #error])
    }

    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0.iter().map(|(cfgs, error)| compile_error(cfgs, error)).collect()
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

/// Functions that give a message each: its first line, and the line of help or the note below it.
macro_rules! texts {
    ($($name:ident($($value:ident),*) $text:literal $($kind:ident $more:literal)?;)*) => {$(
        pub(crate) fn $name($($value: impl std::fmt::Display),*) -> String {
            let lines = [format!($text) $(, format!("\n{}: {}", stringify!($kind), format!($more)))?];
            lines.concat()
        }
    )*};
}
pub(crate) use texts;
