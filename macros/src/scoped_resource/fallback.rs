//! What stands in for a part that is wrong: it compiles and can be used as the right one would be.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{Attribute, FnArg, Ident, ReturnType};

use super::check::is_resource_trait;
use super::expand;
use super::model::{Declaration, Method, Other, Subject};
use super::options::Options;
use crate::blame::{Blame, written};
use crate::errors::Errors;

// Output:
//     pub fn connect(_: String) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
//         ::lifespan::Lifespan::of(::core::future::pending::<Self>())
//     }
//     async fn __lifespan_enter_connect(url: String) -> Result<Self, SseError> { body }    // an editor completes in it
pub(super) fn enter(method: &Method, options: &Options) -> TokenStream {
    let blame = Blame::on(&method.sig.ident);
    let types = method.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(&input.ty),
        FnArg::Receiver(_) => None,
    });
    let body = never(options, blame);
    let public = expand::public(method, options, blame, &quote!(#(_: #types),*), &body);
    // Without a return type the tail of the body would be a second error.
    let hidden = match method.sig.output {
        ReturnType::Type(..) => expand::hidden(method),
        ReturnType::Default => TokenStream::new(),
    };
    quote! {
        #public
        #hidden
    }
}

// Output:
//     impl Session {
//         pub const lifespan: [(); ::core::compile_error! { ".." }] = ::core::unreachable!();
//     }
//
// Which arguments it takes is not known, so no function would do. A type with an error in it can be called with any,
// and rustc says nothing about what is done with the result. The error is the first one of the item, which is not
// shown again at the same place.
pub(super) fn lifespan(declaration: &Declaration, subject: &Subject<'_>, errors: &Errors) -> TokenStream {
    let vis = &declaration.item.vis;
    let name = Ident::new("lifespan", Blame::on(&declaration.item.ident).start);
    let error = errors.first();
    let lifespan = quote!(#vis const #name: [(); #error] = ::core::unreachable!(););
    expand::inherent(subject, &lifespan)
}

fn never(options: &Options, blame: Blame) -> TokenStream {
    let at = blame.start;
    let krate = options.krate(at);
    quote_spanned!(at=> #krate::Lifespan::of(::core::future::pending::<Self>()))
}

// Output:
//     impl ::lifespan::ScopedResource for SseClient {
//         async fn exit(self, _: &::lifespan::Exit) -> ::core::result::Result<(), ::lifespan::BoxError> {
//             ::core::unreachable!()
//         }
//     }
pub(super) fn end(subject: &Subject<'_>, cfgs: &[Attribute]) -> TokenStream {
    let at = Blame::on(&subject.ty).start;
    expand::end(subject, cfgs, false, &quote_spanned!(at=> ::core::unreachable!()), at)
}

/// An item that cannot be annotated: as it is, and still a resource.
pub(super) fn other(other: &Other, options: &Options) -> TokenStream {
    let item = without_markers(other.tokens.clone());
    let end = match &other.head {
        // Of what it implements already there can be no second impl.
        Some(head) if !is_resource_trait(&written(&other.token)) => end(&head.subject(&[], options), &[]),
        _ => TokenStream::new(),
    };
    quote! {
        #item
        #end
    }
}

/// The item without `#[enter]` and `#[exit]`, which rustc would not know.
pub(super) fn without_markers(item: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    for token in item {
        let TokenTree::Group(group) = &token else {
            out.push(token);
            continue;
        };
        if group.delimiter() == Delimiter::Bracket && is_marker(group) && ends_with_pound(&out) {
            out.pop();
            continue;
        }
        let mut inner = Group::new(group.delimiter(), without_markers(group.stream()));
        inner.set_span(group.span());
        out.push(inner.into());
    }
    out.into_iter().collect()
}

fn ends_with_pound(tokens: &[TokenTree]) -> bool {
    matches!(tokens.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == '#')
}

fn is_marker(group: &Group) -> bool {
    matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(ident)) if ident == "enter" || ident == "exit")
}
