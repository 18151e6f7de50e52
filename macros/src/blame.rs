//! Spans: which of the user's tokens rustc points at when generated code does not compile.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericParam, Generics};

/// The first and the last token of what is to be blamed.
///
/// Two spans because stable Rust cannot join them: generated code whose first token carries `start` and whose last
/// one carries `end` is underlined from one to the other. They are located in the user's code but resolve in ours, so
/// that lints know it for generated code, and all resolve alike: only then are they joined, and is one mistake that
/// two generated places make reported once.
#[derive(Clone, Copy)]
pub(crate) struct Blame {
    pub(crate) start: Span,
    pub(crate) end: Span,
}

impl Blame {
    pub(crate) fn on(tokens: impl ToTokens) -> Self {
        let mut tokens = tokens.into_token_stream().into_iter();
        let first = tokens.next();
        let last = tokens.last().or_else(|| first.clone());
        let located = |token: Option<TokenTree>| token.map_or_else(Span::mixed_site, |token| ours(token.span()));
        Blame { start: located(first), end: located(last) }
    }
}

/// Located at `span`, resolved in this crate: a local name of the user's and one of ours never meet, items and
/// parameters are found as if the user had written them.
pub(crate) fn ours(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// The user's path for a generated call, resolved like the rest of it. No parameter of the function around the call
/// can hide what it names.
pub(crate) fn our_path(tokens: TokenStream) -> TokenStream {
    let our_token = |token: TokenTree| {
        let span = ours(token.span());
        let mut token = match token {
            TokenTree::Group(group) => Group::new(group.delimiter(), our_path(group.stream())).into(),
            // The only name whose meaning is in its span.
            TokenTree::Ident(name) if name == "$crate" => return name.into(),
            token => token,
        };
        token.set_span(span);
        token
    };
    tokens.into_iter().map(our_token).collect()
}

/// A group with other tokens in it.
pub(crate) fn regrouped(group: &Group, inner: TokenStream) -> TokenTree {
    let mut inner = Group::new(group.delimiter(), inner);
    inner.set_span(group.span());
    inner.into()
}

/// The user's parameters for an item of ours: that one of its lifetimes is used once, or never, is our doing.
pub(crate) fn our_generics(mut generics: Generics) -> Generics {
    for parameter in &mut generics.params {
        if let GenericParam::Lifetime(parameter) = parameter {
            let lifetime = &mut parameter.lifetime;
            lifetime.set_span(ours(lifetime.span()));
        }
    }
    generics
}

/// Tokens as somebody would write them, for messages: `Tx<'a>` instead of `Tx < 'a >`.
pub(crate) fn written(tokens: impl ToTokens) -> String {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut text = String::new();
    for part in tokens.to_token_stream().to_string().split_whitespace() {
        if text.ends_with(',') || (text.ends_with(is_word) && part.starts_with(is_word)) {
            text.push(' ');
        }
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::written;
    use quote::quote;

    #[test]
    fn types_read_as_written() {
        assert_eq!(written(quote!(Tx<'a, [u8; 3]>)), "Tx<'a, [u8;3]>");
        assert_eq!(written(quote!(::db::Pool<dyn Any>)), "::db::Pool<dyn Any>");
    }
}
