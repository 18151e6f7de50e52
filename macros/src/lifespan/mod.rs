//! `#[lifespan]`: a struct of resources becomes an application.
//!
//! The attribute is a facade over a hidden derive: the struct stays as it is whatever is wrong with it, `#[cfg]`s are
//! resolved, and an editor completes inside of the helper attributes. What was written is a [`model`], the fields with their
//! [`closure`]s and the [`options`]; [`graph`] says what depends on what; [`expand`] generates data and calls, [`fallback`]
//! what stands in for them.

mod closure;
mod content;
mod ending;
mod expand;
mod fallback;
mod graph;
mod model;
mod options;
mod scan;
#[cfg(test)]
mod tests;
mod unnamed;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::Attribute;

use self::graph::Graph;
use self::model::{Head, Model};
use self::options::Options;
use crate::attributes;
use crate::errors::Errors;

/// The attribute: leaves everything to the derive.
pub(crate) fn attribute(options: &TokenStream, item: &TokenStream) -> (TokenStream, Errors) {
    let mut errors = Errors::default();
    if !may_be_derived(item) {
        errors.at(
            first_word(item),
            "`#[lifespan]` goes on a struct with named fields\n\
             help: its fields are the members; for one resource there is `#[scoped_resource]`",
        );
        return (item.clone(), errors);
    }
    if let Some(second) = attributes::outer(item).iter().find(|attr| is_lifespan(attr)) {
        errors.at(second.path(), "`#[lifespan]` given twice");
        errors.at_attribute("first given here");
        // The other one does it.
        return (item.clone(), errors);
    }
    // What is wrong with the options is reported once, by the derive.
    let krate = Options::parse(options.clone(), &mut Errors::default())
        .common
        .krate(Span::mixed_site());
    let tokens = quote! {
        #[derive(#krate::__private::AttributeLifespanOrScopedResource)]
        #[__lifespan(#options)]
        #item
    };
    (tokens, errors)
}

fn is_lifespan(attr: &Attribute) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|last| last.ident == "lifespan")
}

fn may_be_derived(item: &TokenStream) -> bool {
    item.clone()
        .into_iter()
        .any(|token| matches!(&token, TokenTree::Ident(word) if word == "struct" || word == "enum" || word == "union"))
}

/// `fn`, `impl`, ..: not the attributes and the visibility before it.
fn first_word(item: &TokenStream) -> TokenStream {
    let word = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word != "pub");
    match item.clone().into_iter().find(word) {
        Some(token) => token.into(),
        None => item.clone(),
    }
}

/// The derive behind it.
pub(crate) fn derive(item: TokenStream) -> (TokenStream, Errors) {
    let mut errors = Errors::default();
    let tokens = match syn::parse2(item) {
        Ok(item) => Head::of(&item).map_or_else(TokenStream::new, |head| expand(head, &mut errors)),
        Err(error) => {
            errors.push(error);
            TokenStream::new()
        }
    };
    (tokens, errors)
}

fn expand(head: Head<'_>, errors: &mut Errors) -> TokenStream {
    let model = match Model::parse(head, errors) {
        Ok(model) => model,
        Err(head) => {
            let message = format!(
                "`#[lifespan]` goes on a struct with named fields, not on {}\n\
                 help: its fields are the members; write `struct {} {{ .. }}`",
                head.what, head.name
            );
            errors.at(head.name, message);
            let options = model::options(head.attrs, &mut Errors::default());
            return fallback::stub(&head, &options, errors);
        }
    };
    check_lifetimes(&model, errors);
    let graph = Graph::of(&model, errors);
    if errors.is_empty() {
        expand::lifespan(&model, &graph)
    } else {
        fallback::lifespan(&model, errors)
    }
}

/// What borrows cannot leave its task.
fn check_lifetimes(model: &Model<'_>, errors: &mut Errors) {
    if let (Some(lifetime), false) = (model.head.lifetime, model.options.common.is_local()) {
        let message = format!(
            "`{}` borrows, so it has to stay in its task\n\
             help: say so: `#[lifespan(local, ..)]`",
            model.head.name
        );
        errors.at(lifetime, message);
    }
}
