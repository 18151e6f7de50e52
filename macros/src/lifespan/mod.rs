//! `#[lifespan]`: a struct of resources becomes an application.
//!
//! The attribute is a facade over a hidden derive: the struct stays as it is whatever is wrong with it, `#[cfg]`s are
//! resolved, and an editor completes inside of the helper attributes. A [`model`] holds the struct as it was written: its fields
//! and their [`closure`]s. [`unnamed`] finds the names that a closure uses and does not list, [`graph`] the dependencies between
//! the members. Then [`expand`] generates data and calls or, after a mistake, [`fallback`] a lifespan that compiles.

mod closure;
mod content;
mod ending;
mod expand;
mod fallback;
mod graph;
mod model;
mod scan;
#[cfg(test)]
mod tests;
mod unnamed;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, Error, ItemStruct};

use self::graph::Graph;
use self::model::{Head, MARKERS, Model};
use crate::attributes::{self, first_word};
use crate::errors::Errors;
use crate::options::{Of, Options};
use crate::texts;

/// The attribute where nothing is there that it could write calls of: the struct as it is, without what the attribute reads.
pub(crate) fn without_compose(item: TokenStream) -> (TokenStream, Errors) {
    let mut errors = Errors::default();
    errors.push(Error::new(Span::call_site(), texts::needs_compose()));
    let Ok(mut item) = syn::parse2::<ItemStruct>(item) else {
        return (TokenStream::new(), errors);
    };
    let is_marker = |attr: &Attribute| MARKERS.iter().any(|marker| attr.path().is_ident(marker));
    for field in &mut item.fields {
        field.attrs.retain(|attr| !is_marker(attr));
    }
    (item.into_token_stream(), errors)
}

/// The attribute: leaves everything to the derive.
pub(crate) fn attribute(options: &TokenStream, item: &TokenStream) -> (TokenStream, Errors) {
    let mut errors = Errors::default();
    let second = attributes::alone(item.clone())
        .1
        .into_iter()
        .find(attributes::is_lifespan);
    let is_type = |word: &Ident| word == "struct" || word == "enum" || word == "union";
    match (first_word(item), second) {
        (None, _) => errors.at(item, texts::lifespan_misplaced()),
        (Some(word), _) if !is_type(&word) => errors.at(word, texts::lifespan_misplaced()),
        // The other one does it.
        (_, Some(second)) => {
            let first = Ident::new("lifespan", Span::call_site());
            errors.twice(second.path(), texts::lifespan_twice(), first);
        }
        _ => {}
    }
    if !errors.is_empty() {
        return (item.clone(), errors);
    }
    // What is wrong with the options is reported once, by the derive.
    let krate = Options::parse(options.clone(), Of::Lifespan, &mut Errors::default()).krate(Span::mixed_site());
    let tokens = quote! {
        #[derive(#krate::__private::AttributeLifespanOrScopedResource)]
        #[__lifespan(#options)]
        #item
    };
    (tokens, errors)
}

/// The derive behind it.
pub(crate) fn derive(item: TokenStream) -> (TokenStream, Errors) {
    let mut errors = Errors::default();
    let item = syn::parse2(item).map_err(|error| errors.push(error)).ok();
    let tokens = item.as_ref().and_then(Head::of).map(|head| expand(head, &mut errors));
    (tokens.unwrap_or_default(), errors)
}

fn expand(mut head: Head<'_>, errors: &mut Errors) -> TokenStream {
    let Some(fields) = head.fields.take() else {
        errors.at(head.name, texts::lifespan_without_fields(head.what, head.name));
        let options = head.options(&mut Errors::default());
        return fallback::stub(&head, &options, errors, &TokenStream::new());
    };
    let mut model = Model::parse(head, &fields, errors);
    if let (Some(lifetime), false) = (model.head.lifetime, model.options.is_local()) {
        errors.at(lifetime, texts::lifespan_borrows(model.head.name));
    }
    unnamed::name(&mut model, errors);
    unnamed::budgets(&model, errors);
    let graph = Graph::of(&model, errors);
    if errors.is_empty() {
        expand::lifespan(&model, &graph)
    } else {
        fallback::lifespan(&model, errors)
    }
}
