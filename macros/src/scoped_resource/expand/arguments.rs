//! Arguments that one function takes and passes on to another.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, FnArg, Ident, Pat, PatType, Type};

use crate::attributes;
use crate::blame::{Blame, ours};

/// A parameter of the public function, passed on.
pub(super) struct Argument<'a> {
    pub(super) cfgs: Vec<Attribute>,
    pub(super) name: Ident,
    pub(super) ty: &'a Type,
}

/// Every parameter under a name: its own, if its pattern is one.
pub(super) fn arguments<'a>(inputs: impl IntoIterator<Item = &'a PatType>) -> Vec<Argument<'a>> {
    let argument = |(at, input): (usize, &'a PatType)| Argument {
        cfgs: attributes::cfgs(&input.attrs),
        name: argument_name(&input.pat, at),
        ty: &input.ty,
    };
    inputs.into_iter().enumerate().map(argument).collect()
}

fn argument_name(pattern: &Pat, at: usize) -> Ident {
    match pattern {
        // Passing on what is named `_url` is our doing, not the user's: lints on the use of such names must see that.
        Pat::Ident(pattern) if pattern.ident.to_string().starts_with('_') => {
            Ident::new(&pattern.ident.to_string(), ours(pattern.ident.span()))
        }
        Pat::Ident(pattern) => pattern.ident.clone(),
        pattern => format_ident!("arg{at}", span = Blame::on(pattern).start),
    }
}

pub(super) fn parameters(arguments: &[Argument<'_>]) -> TokenStream {
    let parameters = arguments
        .iter()
        .map(|Argument { cfgs, name, ty }| quote!(#(#cfgs)* #name: #ty));
    quote!(#(#parameters),*)
}

/// Which arguments there are under which condition; one way if none has a `#[cfg]`.
pub(super) fn ways<'a, 'b>(arguments: &'b [Argument<'a>]) -> Vec<(TokenStream, Vec<&'b Argument<'a>>)> {
    let mut ways = vec![(Vec::new(), Vec::new())];
    for argument in arguments {
        let conditions: Vec<_> = argument.cfgs.iter().filter_map(attributes::condition).collect();
        let mut without = if conditions.is_empty() {
            Vec::new()
        } else {
            ways.clone()
        };
        for (all, _) in &mut without {
            let condition = all_of(&conditions);
            all.push(quote!(not(#condition)));
        }
        for (all, arguments) in &mut ways {
            all.extend(conditions.iter().cloned());
            arguments.push(argument);
        }
        ways.extend(without);
    }
    ways.into_iter()
        .map(|(all, arguments)| (all_of(&all), arguments))
        .collect()
}

fn all_of(conditions: &[TokenStream]) -> TokenStream {
    match conditions {
        [condition] => condition.clone(),
        conditions => quote!(all(#(#conditions),*)),
    }
}

pub(super) fn typed(input: &FnArg) -> Option<&PatType> {
    match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    }
}
