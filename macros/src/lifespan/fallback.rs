//! What stands in for a lifespan that is wrong: it compiles and can be used as the right one would be, and has the closures
//! in it, for an editor to complete in.

use proc_macro2::{Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Token, Type};

use super::closure::{Closure, Param};
use super::expand::unread::{self, expression};
use super::graph::Dependency;
use super::model::{Entered, Head, Member, Model, Role};
use super::options::{Options, same};
use super::{scan, unnamed};
use crate::blame::Blame;
use crate::errors::Errors;

pub(super) fn lifespan(model: &Model<'_>, errors: &Errors) -> TokenStream {
    let stub = stub(&model.head, &model.options, errors);
    let unfinished = errors.first().map(|error| unfinished(model, &error));
    quote!(#stub #unfinished)
}

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
pub(super) fn stub(head: &Head<'_>, options: &Options, errors: &Errors) -> TokenStream {
    let Head {
        name, vis, generics, ..
    } = head;
    let at = Blame::on(name).start;
    let krate = options.common.krate(at);
    let (generics, types, clause) = generics.split_for_impl();
    // What borrows has to be local, whether it says so or not.
    let is_local = options.common.is_local() || head.generics.lifetimes().next().is_some();
    let (of_trait, method) = if is_local {
        ("LocalResource", "exit_local")
    } else {
        ("ScopedResource", "exit")
    };
    let (of_trait, method) = (Ident::new(of_trait, at), Ident::new(method, at));
    let lifespan = begin(options, errors, at);
    let inherent = quote! {
        #[allow(dead_code, non_upper_case_globals)]
        impl #generics #name #types #clause {
            #vis #lifespan
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

/// The beginning; if it is not known what it takes, something that can be called with anything, since its type is wrong.
fn begin(options: &Options, errors: &Errors, at: Span) -> TokenStream {
    let krate = options.common.krate(at);
    if let (true, Some(error)) = (options.lost, errors.first()) {
        let wrong = wrong(&error);
        return quote!(const lifespan: #wrong = ::core::unreachable!(););
    }
    let inputs = options.inputs.iter().map(|input| &input.ty);
    let impl_ = Token![impl](Span::mixed_site());
    quote! {
        fn lifespan(#(_: #inputs),*) -> #krate::Lifespan<Self, #impl_ #krate::Enter<Self>> {
            #krate::Lifespan::of(::core::future::pending::<Self>())
        }
    }
}

/// A type that is wrong: rustc says nothing about what is done with it. The mistake is one that is reported anyway, and not
/// shown again at the same place.
fn wrong(error: &TokenStream) -> TokenStream {
    quote!([(); #error])
}

// Output:
//     const _: () = {
//         type __Wrong = [(); ::core::compile_error! { ".." }];
//         impl App {
//             fn __lifespan_unfinished() {
//                 let _: __Wrong;
//                 let _ = |config: &Config, db: &Db| -> __Wrong { Cache::warm(config.size, db.pool()) };
//                 let _ = |__value: Pool, __exit: &::lifespan::Exit| -> __Wrong {
//                     ::lifespan::__private::end(async |pool, _| pool.close().await, __value, __exit)
//                 };
//             }
//         }
//     };
//
// Since the type is wrong rustc neither infers nor borrows in there: what only follows from what is missing is not said.
fn unfinished(model: &Model<'_>, error: &TokenStream) -> TokenStream {
    let Head { name, generics, .. } = &model.head;
    let (generics, types, clause) = generics.split_for_impl();
    let wrong = wrong(error);
    let expression = unread::definition(model);
    let begin = model.fields.iter().filter_map(|field| begun(field, model));
    let end = model.fields.iter().filter_map(|field| ended(field, model));
    quote! {
        const _: () = {
            #expression
            type __Wrong = #wrong;
            #[allow(warnings)]
            impl #generics #name #types #clause {
                fn __lifespan_unfinished() {
                    let _: __Wrong;
                    #(let _ = #begin;)*
                    #(let _ = #end;)*
                }
            }
        };
    }
}

/// How a member begins: with the types of what it is made from.
fn begun(field: &Member<'_>, model: &Model<'_>) -> Option<TokenStream> {
    let Closure {
        asyncness,
        movement,
        params,
        expr,
        readable,
    } = field.role.closure()?;
    let by_value = movement.is_some();
    let is_first = |(at, param): &(usize, &Param)| !params[..*at].iter().any(|before| same(&before.name, &param.name));
    let named = params.iter().enumerate().filter(is_first).map(|(_, param)| {
        let Param { mutability, name, ty } = param;
        let ty = ty.as_ref().map(ToTokens::to_token_stream);
        let ty = ty.or_else(|| given(name, by_value, model));
        let ty = ty.unwrap_or_else(|| quote!(_));
        quote!(#mutability #name: #ty)
    });
    // What should have been named, as if it were.
    let unnamed = unnamed::of(field, model).into_iter().map(|(used, _)| {
        let name = used.at;
        let ty = given(&name, by_value, model).unwrap_or_else(|| quote!(_));
        quote!(#name: #ty)
    });
    let params = named.chain(unnamed);
    // An `.await` too many has been reported.
    let expr = match scan::awaited(expr) {
        (Some(_), without) if asyncness.is_none() => without,
        _ => expr.clone(),
    };
    let body = if has_a_type(&expr) {
        quote!(#expr)
    } else {
        quote!(-> __Wrong { #expr })
    };
    Some(expression(*readable, quote!(#asyncness |#(#params),*| #body)))
}

/// How a member ends, if that is beside it.
fn ended(field: &Member<'_>, model: &Model<'_>) -> Option<TokenStream> {
    let ending = field.role.ending()?;
    let krate = model.options.common.krate(Span::mixed_site());
    // What is in an `Option` is for rustc to find.
    let ty = match &field.role {
        Role::Entered(Entered { optional: true, .. }) => quote!(_),
        _ => field.ty.to_token_stream(),
    };
    let function = expression(ending.readable, ending.function.clone());
    if !ending.takes_both {
        return Some(function);
    }
    Some(quote! {
        |__value: #ty, __exit: &#krate::Exit| -> __Wrong {
            #krate::__private::end(#function, __value, __exit)
        }
    })
}

/// The type of what a parameter names.
fn given(name: &Ident, by_value: bool, model: &Model<'_>) -> Option<TokenStream> {
    let (dependency, ty) = model.find(name)?;
    if has_impl(ty) {
        return None;
    }
    Some(match dependency {
        Dependency::Input(_) if by_value => quote!(#ty),
        _ => quote!(&#ty),
    })
}

/// An `impl Trait` is no type of a closure's parameter.
fn has_impl(ty: &Type) -> bool {
    let mut tokens = ty.to_token_stream().into_iter();
    tokens.any(|token| matches!(token, TokenTree::Ident(word) if word == "impl"))
}

/// `-> Result<..> { .. }`, as a closure may have it.
fn has_a_type(expr: &TokenStream) -> bool {
    let first = expr.clone().into_iter().next();
    matches!(first, Some(TokenTree::Punct(punct)) if punct.as_char() == '-' && punct.spacing() == Spacing::Joint)
}
