//! Arguments that one function takes and passes on to another.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, FnArg, Ident, Pat, PatType, Signature, Type};

use crate::attributes;
use crate::blame::{Blame, ours};

/// A parameter of the public function, passed on.
pub(super) struct Argument<'a> {
    cfgs: Vec<Attribute>,
    name: Ident,
    ty: &'a Type,
}

/// Every parameter under a name: its own, if its pattern is one.
pub(super) fn arguments(sig: &Signature) -> Vec<Argument<'_>> {
    let argument = |(at, input)| match input {
        &FnArg::Receiver(_) => None,
        FnArg::Typed(PatType { attrs, pat, ty, .. }) => {
            Some(Argument { cfgs: attributes::cfgs(attrs), name: argument_name(pat, at), ty })
        }
    };
    sig.inputs.iter().enumerate().filter_map(argument).collect()
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

/// As they are declared; without names where they are not passed on.
pub(super) fn parameters(arguments: &[Argument<'_>], passed_on: bool) -> TokenStream {
    let parameters = arguments.iter().map(|Argument { cfgs, name, ty }| {
        let name = if passed_on { quote!(#name) } else { quote!(_) };
        quote!(#(#cfgs)* #name: #ty)
    });
    quote!(#(#parameters),*)
}

/// The call with these arguments behind others. A `#[cfg]` can leave a parameter out, but no argument of a call: each way to
/// call has a block.
pub(super) fn passed(
    before: &[&Ident],
    arguments: &[Argument<'_>],
    call: &dyn Fn(&[&Ident]) -> TokenStream,
) -> TokenStream {
    let Some((next, rest)) = arguments.split_first() else {
        return call(before);
    };
    let with = passed(&[before, &[&next.name]].concat(), rest, call);
    let conditions = next.cfgs.iter().map(|cfg| attributes::parenthesized(&cfg.meta));
    let condition = match &conditions.collect::<Vec<_>>()[..] {
        [] => return with,
        [condition] => condition.clone(),
        all => quote!(all(#(#all),*)),
    };
    let without = passed(before, rest, call);
    quote! {
        #[cfg(#condition)] { #with }
        #[cfg(not(#condition))] { #without }
    }
}
