//! What stands in for a lifespan that is wrong: it compiles and can be used as the right one would be.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Token;

use super::model::Head;
use super::options::Options;
use crate::blame::Blame;

// Output:
//     impl App {
//         pub fn lifespan(_: Config) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
//             ::lifespan::Lifespan::of(::core::future::pending::<Self>())
//         }
//         pub fn plan() -> ::lifespan::Plan { ::core::unreachable!() }
//     }
//     impl ::lifespan::ScopedResource for App {
//         async fn exit(self, _: &::lifespan::Exit) -> ::core::result::Result<(), ::lifespan::BoxError> {
//             ::core::unreachable!()
//         }
//     }
pub(super) fn lifespan(head: &Head<'_>, options: &Options) -> TokenStream {
    let Head {
        name,
        vis,
        generics,
        ..
    } = head;
    let at = Blame::on(name).start;
    let krate = options.common.krate(at);
    let (generics, types, clause) = generics.split_for_impl();
    let inputs = options.inputs.iter().map(|input| &input.ty);
    let impl_ = Token![impl](Span::mixed_site());
    // What borrows has to be local, whether it says so or not.
    let is_local = options.common.is_local() || head.generics.lifetimes().next().is_some();
    let (of_trait, method) = if is_local {
        ("LocalResource", "exit_local")
    } else {
        ("ScopedResource", "exit")
    };
    let (of_trait, method) = (Ident::new(of_trait, at), Ident::new(method, at));
    let inherent = quote! {
        #[allow(dead_code)]
        impl #generics #name #types #clause {
            #vis fn lifespan(#(_: #inputs),*) -> #krate::Lifespan<Self, #impl_ #krate::Enter<Self>> {
                #krate::Lifespan::of(::core::future::pending::<Self>())
            }
            #vis fn plan() -> #krate::Plan {
                ::core::unreachable!()
            }
        }
    };
    let end = quote_spanned! {at=>
        impl #generics #krate::#of_trait for #name #types #clause {
            async fn #method(self, _: &#krate::Exit) -> ::core::result::Result<(), #krate::BoxError> {
                ::core::unreachable!()
            }
        }
    };
    quote!(#inherent #end)
}
