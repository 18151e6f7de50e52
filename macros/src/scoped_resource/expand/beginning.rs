//! The functions that make a resource give its description instead.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{GenericParam, Ident, Signature, Token};

use super::arguments::{Argument, arguments, parameters, typed, ways};
use super::{async_at, asynchronous, returned};
use crate::attributes;
use crate::blame::{Blame, our_generics, our_path, written};
use crate::scoped_resource::model::{Declaration, Method, Subject};
use crate::scoped_resource::options::{EnterCall, Options};

// Input:
//     /// Connects.
//     #[enter]
//     pub async fn connect<T: Feed>(mut url: Url, (a, b): (u8, u8)) -> Result<Self, SseError> { body }
//
// Output:
//     /// Connects.
//     ///
//     /// Returns a [`Lifespan`](::lifespan::Lifespan): nothing runs until it is scoped or entered.
//     #[track_caller]
//     pub fn connect<T: Feed>(url: Url, arg1: (u8, u8)) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
//         ::lifespan::Lifespan::<Self, _>::of(Self::__lifespan_enter_connect::<T>(url, arg1))
//     }
//     #[doc(hidden)]
//     async fn __lifespan_enter_connect<T: Feed>(mut url: Url, (a, b): (u8, u8)) -> Result<Self, SseError> { body }
//
// The body keeps an `async fn` around it so that everything rustc says about it, and when an argument is dropped, is
// as in the one that was written.
pub(in crate::scoped_resource) fn enter(method: &Method, options: &Options) -> TokenStream {
    let sig = &method.sig;
    let blame = Blame::on(returned(sig));
    let arguments = arguments(sig.inputs.iter().filter_map(typed));
    let function = {
        let (name, start) = (hidden_name(sig), blame.start);
        let turbofish = turbofish(sig, start);
        quote_spanned!(start=> Self::#name #turbofish)
    };
    let body = lifespan_of(&function, &arguments, options, blame);
    let public = public(method, options, blame, &parameters(&arguments), &body);
    let hidden = hidden(method);
    quote! {
        #public
        #hidden
    }
}

/// The function that callers see.
pub(in crate::scoped_resource) fn public(
    method: &Method,
    options: &Options,
    blame: Blame,
    parameters: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let Method {
        attrs,
        vis,
        sig:
            Signature {
                asyncness,
                fn_token,
                ident,
                generics,
                ..
            },
        ..
    } = method;
    let attrs = attributes::of_public(attrs);
    let blank = attrs
        .iter()
        .any(|attr| attr.path().is_ident("doc"))
        .then(|| quote!(#[doc = ""]));
    let docs = docs("Returns a", options);
    let output = lifespan_of_self(options, blame);
    let generics = our_generics(generics.clone());
    let where_clause = &generics.where_clause;
    // A function made of the user's tokens and of ours is, to a lint, where its last brace is if that is ours, or else
    // where its `async` is. Without a place of its own the brace would be at the attribute; at the `async`, what a lint
    // such as `clippy::too_many_arguments` says of this function and of the hidden one is the same message, and shown
    // once (incremental builds tell the two apart, and may repeat it). An `#[allow]` would not do: it is an error
    // wherever the lint is forbidden.
    let at = async_at(asyncness.as_ref(), *fn_token);
    let body = quote_spanned!(at=> { #body });
    quote! {
        #(#attrs)*
        #blank
        #docs
        #[track_caller]
        #vis #fn_token #ident #generics(#parameters) -> #output #where_clause #body
    }
}

fn docs(verb: &str, options: &Options) -> TokenStream {
    let path = written(options.krate(Span::call_site()));
    // `$crate` means nothing to rustdoc.
    let link = if path.contains('$') {
        String::new()
    } else {
        format!("({path}::Lifespan)")
    };
    let text = format!(" {verb} [`Lifespan`]{link}: nothing runs until it is scoped or entered.");
    quote!(#[doc = #text])
}

/// The `async fn` that holds the user's body.
pub(in crate::scoped_resource) fn hidden(method: &Method) -> TokenStream {
    let Method { attrs, sig, body, .. } = method;
    let attrs = attributes::of_hidden(attrs, &sig.ident);
    let sig = Signature {
        ident: hidden_name(sig),
        ..asynchronous(sig)
    };
    quote! {
        #[doc(hidden)]
        #(#attrs)*
        #sig #body
    }
}

fn hidden_name(sig: &Signature) -> Ident {
    format_ident!("__lifespan_enter_{}", sig.ident)
}

// Input:
//     #[scoped_resource(enter = open(url: String))] pub struct Session { .. }
//
// Output:
//     impl Session {
//         /// Describes one as a [`Lifespan`](::lifespan::Lifespan): nothing runs until it is scoped, ..
//         #[track_caller]
//         pub fn lifespan(url: String) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
//             ::lifespan::Lifespan::<Self, _>::of(open(url))
//         }
//     }
pub(in crate::scoped_resource) fn lifespan(
    declaration: &Declaration,
    subject: &Subject<'_>,
    enter: &EnterCall,
) -> TokenStream {
    let options = subject.options;
    let blame = Blame::on(&enter.function);
    let arguments = arguments(&enter.inputs);
    let parameters = parameters(&arguments);
    let function = our_path(enter.function.to_token_stream());
    let body = lifespan_of(&function, &arguments, options, blame);
    let vis = &declaration.item.vis;
    let docs = docs("Describes one as a", options);
    let name = Ident::new("lifespan", blame.start);
    let output = lifespan_of_self(options, blame);
    let lifespan = quote! {
        #docs
        #[track_caller]
        #vis fn #name(#parameters) -> #output { #body }
    };
    inherent(subject, &lifespan)
}

/// `impl Session { member }`.
pub(in crate::scoped_resource) fn inherent(subject: &Subject<'_>, member: &TokenStream) -> TokenStream {
    let Subject {
        attrs,
        generics,
        ty,
        where_clause,
        ..
    } = subject;
    let (generics, ..) = generics.split_for_impl();
    quote! {
        #(#attrs)*
        impl #generics #ty #where_clause { #member }
    }
}

/// `::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>>`.
fn lifespan_of_self(options: &Options, blame: Blame) -> TokenStream {
    let Blame { start, end } = blame;
    let krate = options.krate(start);
    // The edition of this token decides which lifetimes the type captures: in this crate's all of them, in 2021 none,
    // which is E0700 for every borrowed argument.
    let impl_ = Token![impl](start);
    let close = quote_spanned!(end=> >);
    quote_spanned!(start=> #krate::Lifespan<Self, #impl_ #krate::Enter<Self #close #close)
}

/// `::lifespan::Lifespan::<Self, _>::of(function(arguments))`.
fn lifespan_of(function: &TokenStream, arguments: &[Argument<'_>], options: &Options, blame: Blame) -> TokenStream {
    let Blame { start, end } = blame;
    let krate = options.krate(start);
    let of = quote_spanned!(start=> #krate::Lifespan::<Self, _>::of);
    let call = |arguments: &[&Argument<'_>]| {
        let names = arguments.iter().map(|argument| &argument.name);
        let arguments = quote_spanned!(end=> (#(#names),*));
        quote_spanned!(end=> #of(#function #arguments))
    };
    let ways = ways(arguments);
    match ways.as_slice() {
        [(_, arguments)] => call(arguments),
        ways => {
            // A `#[cfg]` can leave a parameter out, but no argument of a call: each way to call has a block.
            let blocks = ways.iter().map(|(condition, arguments)| {
                let call = call(arguments);
                quote!(#[cfg(#condition)] { #call })
            });
            quote!(#(#blocks)*)
        }
    }
}

/// `::<T, N>`: what no argument tells must be passed on. Lifetimes cannot be, and need not.
fn turbofish(sig: &Signature, span: Span) -> Option<TokenStream> {
    let names: Vec<_> = sig.generics.params.iter().filter_map(parameter_name).collect();
    (!names.is_empty()).then(|| quote_spanned!(span=> ::<#(#names),*>))
}

fn parameter_name(parameter: &GenericParam) -> Option<&Ident> {
    match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) => None,
    }
}
