//! `#[scoped_resource]`: an async beginning and an async end become a scoped resource.
//!
//! What was written is a [`model`]; [`check`] says what is wrong with it, all of it; [`expand`] generates data and
//! calls. A part that is wrong is replaced by a [`fallback`] that compiles: no second error follows from it, and the
//! rest works as if it were right.

mod check;
mod expand;
mod fallback;
mod model;
mod options;
#[cfg(test)]
pub(crate) mod tests;

use proc_macro2::TokenStream;
use quote::quote;

use self::model::{Block, Declaration, Item, Member, Method, is_lifespan};
use self::options::Options;
use crate::attributes;
use crate::errors::Errors;

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> (TokenStream, Errors) {
    let mut errors = Errors::default();
    let (alone, others) = model::alone(item.clone());
    check::alone(&others, &mut errors);
    let parsed = Item::parse(alone);
    if let (Item::Declaration(_), true) = (&parsed, others.iter().any(is_lifespan)) {
        return (item, errors);
    }
    let options = Options::parse(check::only(options, &others), &mut errors);
    let tokens = match parsed {
        Item::Block(block) => self::block(&block, &options, &mut errors),
        Item::Declaration(declaration) => self::declaration(&declaration, &options, &mut errors),
        Item::Other(other) => {
            check::other(&other, &mut errors);
            fallback::other(&other, &options)
        }
        Item::Unfinished { item, error } => {
            errors.push(error);
            fallback::without_markers(item)
        }
    };
    (tokens, errors)
}

fn block(block: &Block, options: &Options, errors: &mut Errors) -> TokenStream {
    check::block(block, options, errors);
    let members: TokenStream = block
        .members
        .iter()
        .map(|member| self::member(member, options, errors))
        .collect();
    let end = self::end(block, options, errors);
    let header = block.header();
    let inner_attrs = &block.inner_attrs;
    quote! {
        #header { #(#inner_attrs)* #members }
        #end
    }
}

fn member(member: &Member, options: &Options, errors: &mut Errors) -> TokenStream {
    match member {
        Member::Enter(enter) if about(enter, errors, check::enter) => expand::enter(enter, options),
        Member::Enter(enter) => fallback::enter(enter, options),
        Member::Exit(exit) => expand::kept(exit),
        Member::Misplaced { marker, tokens } => {
            check::misplaced(marker, errors);
            tokens.clone()
        }
        Member::Other(tokens) => tokens.clone(),
    }
}

/// The trait impls: one for each exit, of which `#[cfg]`s leave one.
fn end(block: &Block, options: &Options, errors: &mut Errors) -> TokenStream {
    let subject = block.subject(options);
    let exits = check::exits(block, errors);
    if exits.is_empty() {
        return fallback::end(&subject, &[]);
    }
    let impls = exits.into_iter().map(|exit| {
        if about(exit, errors, check::exit) {
            expand::end_by_method(&subject, exit)
        } else {
            fallback::end(&subject, &attributes::cfgs(&exit.attrs))
        }
    });
    impls.collect()
}

/// Checks a method; its mistakes, like everything about it, carry its `#[cfg]`s.
fn about(method: &Method, errors: &mut Errors, check: impl FnOnce(&Method, &mut Errors) -> bool) -> bool {
    let mut mistakes = Errors::default();
    let sound = check(method, &mut mistakes);
    errors.absorb(&attributes::cfgs(&method.attrs), mistakes);
    sound
}

fn declaration(declaration: &Declaration, options: &Options, errors: &mut Errors) -> TokenStream {
    check::declaration(declaration, options, errors);
    let subject = declaration.subject(options);
    let beginning = match options.enter.get() {
        Some(enter) => expand::lifespan(declaration, &subject, enter),
        None => fallback::lifespan(declaration, &subject, errors),
    };
    let end = match options.exit.get() {
        Some(exit) => expand::end_by_function(&subject, exit),
        None => fallback::end(&subject, &[]),
    };
    let item = &declaration.tokens;
    quote! {
        #item
        #beginning
        #end
    }
}
