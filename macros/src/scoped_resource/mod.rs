//! `#[scoped_resource]`: an async beginning and an async end become a scoped resource.
//!
//! A [`model`] holds the item as it was written, [`check`] reports all mistakes in it, and [`expand`] generates data and calls.
//! For a part that is wrong it generates one that compiles: no second error follows from the mistake, and the other parts work.

mod arguments;
mod check;
mod expand;
mod model;
#[cfg(test)]
pub(crate) mod tests;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemStruct;

use self::model::{Block, BlockMember, Item, Method, MethodRole};
use crate::attributes::{self, is_lifespan, without_markers};
use crate::blame::{Blame, written};
use crate::errors::Errors;
use crate::options::{Of, Options};
use crate::subject::{Subject, unknown_lifespan};
use crate::texts;

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> (TokenStream, Errors) {
    let mut errors = Errors::default();
    let whole = item.clone();
    let (item, others) = attributes::alone(item);
    let parsed = Item::parse(&item);
    let options = match others.first() {
        None => options,
        Some(other) if is_lifespan(other) => {
            errors.at(other, texts::resource_and_lifespan());
            if let Ok(Item::Struct(_)) = parsed {
                return (whole, errors);
            }
            options
        }
        Some(other) => {
            errors.at(other, texts::resource_twice());
            // Those that are not empty.
            if options.is_empty() {
                attributes::parenthesized(&other.meta)
            } else {
                options
            }
        }
    };
    let options = Options::parse(options, Of::Resource, &mut errors);
    let tokens = match parsed {
        Ok(Item::Block(parsed)) => block(&parsed, &options, &mut errors),
        Ok(Item::Struct(parsed)) => declaration(&item, &parsed, &options, &mut errors),
        Ok(Item::Other(other)) => {
            check::other(&other, &mut errors);
            // Of what it implements already there can be no second impl.
            let head = other.head.filter(|_| !check::is_resource_trait(&other.token));
            let end = head.map(|head| Subject::new(&[], &head.generics, &head.ty, &options).stand_in(&[]));
            let item = without_markers(item);
            quote!(#item #end)
        }
        Err(error) => {
            errors.push(error);
            without_markers(item)
        }
    };
    (tokens, errors)
}

fn block(block: &Block, options: &Options, errors: &mut Errors) -> TokenStream {
    let (attrs, head, inner_attrs) = (&block.attrs, &block.head, &block.inner_attrs);
    let subject = Subject::new(attrs, &head.generics, &head.ty, options);
    check::block(block, &subject, errors);
    let member = |member: &BlockMember| match member {
        BlockMember::Method(method) => match method.role {
            MethodRole::Enter => expand::enter(method, options, is_sound(method, errors)),
            _ => expand::kept(method),
        },
        BlockMember::Other { marker, tokens } => {
            if let Some(marker) = marker {
                errors.at(marker, texts::marker_misplaced(written(marker)));
            }
            tokens.clone()
        }
    };
    let members: Vec<_> = block.members.iter().map(member).collect();
    let exits = check::exits(block, errors);
    // One impl for each, of which `#[cfg]`s leave one.
    let ends = exits.iter().map(|exit| {
        if is_sound(exit, errors) {
            return expand::end_by_method(&subject, exit);
        }
        subject.stand_in(&attributes::cfgs(&exit.attrs))
    });
    let ends: Vec<_> = ends.collect();
    let missing = exits.is_empty().then(|| subject.stand_in(&[]));
    let (generics, ty, clause) = (&head.generics, &head.ty, &head.generics.where_clause);
    quote! {
        #(#attrs)*
        impl #generics #ty #clause { #(#inner_attrs)* #(#members)* }
        #(#ends)*
        #missing
    }
}

/// Checks a method; its mistakes, like everything about it, carry its `#[cfg]`s.
fn is_sound(method: &Method, errors: &mut Errors) -> bool {
    let mut mistakes = Errors::default();
    check::method(method, &mut mistakes);
    let is_sound = mistakes.is_empty();
    errors.absorb(&attributes::cfgs(&method.attrs), mistakes);
    is_sound
}

fn declaration(item: &TokenStream, parsed: &ItemStruct, options: &Options, errors: &mut Errors) -> TokenStream {
    let subject = Subject::of(&parsed.attrs, &parsed.ident, &parsed.generics, options);
    check::declaration(parsed, &subject, errors);
    let beginning = match &options.enter {
        Some(enter) => expand::lifespan(&parsed.vis, enter, options),
        None => unknown_lifespan(&parsed.vis, errors, Blame::on(&parsed.ident).start),
    };
    let beginning = subject.inherent(&beginning);
    let end = match &options.exit {
        Some(exit) => expand::end_by_function(&subject, exit),
        None => subject.stand_in(&[]),
    };
    quote!(#item #beginning #end)
}
