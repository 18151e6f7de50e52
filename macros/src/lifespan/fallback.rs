//! Stands in for a lifespan with a mistake: it compiles, its users compile, and it contains the closures, so that an editor
//! completes in them.

use proc_macro2::{Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Type;

use super::closure::{Closure, Param};
use super::expand::unread::expression;
use super::model::{Dependency, Head, Member, Model, Role};
use crate::blame::Blame;
use crate::errors::Errors;
use crate::names::same;
use crate::options::Options;
use crate::subject::{Subject, lifespan_of_self, pending, unknown_lifespan};

pub(super) fn lifespan(model: &Model<'_>, errors: &Errors) -> TokenStream {
    stub(&model.head, &model.options, errors, &unfinished(model, errors))
}

// Output:
//     impl App {
//         pub fn lifespan(_: Config) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
//             ::lifespan::Lifespan::of(::core::future::pending::<Self>())
//         }
//         pub fn plan() -> ::lifespan::Plan { ::core::unreachable!() }
//         unfinished
//     }
//     impl ::lifespan::ScopedResource for App { .. }
pub(super) fn stub(head: &Head<'_>, options: &Options, errors: &Errors, unfinished: &TokenStream) -> TokenStream {
    let Head { name, vis, .. } = head;
    let subject = Subject::of(&[], name, &head.generics, options);
    let blame = Blame::on(name);
    let lifespan = if options.broken {
        unknown_lifespan(vis, errors, blame.start)
    } else {
        let inputs = options.inputs.iter().map(|input| &input.ty);
        let (output, pending) = (lifespan_of_self(options, blame), pending(options, blame.start));
        quote!(#vis fn lifespan(#(_: #inputs),*) -> #output { #pending })
    };
    let krate = options.krate(blame.start);
    let inherent = subject.inherent(&quote! {
        #lifespan
        #vis fn plan() -> #krate::Plan { ::core::unreachable!() }
        #unfinished
    });
    let end = subject.stand_in(&[]);
    quote!(#inherent #end)
}

// Output:
//     fn __lifespan_unfinished() {
//         type __Wrong = [(); ::core::compile_error! { ".." }];
//         let _: __Wrong;
//         let _ = |config: &Config, db: &Db| -> __Wrong { Cache::warm(config.size, db.pool()) };
//         let _ = |__value: Pool, __exit: &::lifespan::Exit| -> __Wrong {
//             ::lifespan::__private::end(async |pool, _| pool.close().await, __value, __exit)
//         };
//     }
//
// Since the type is wrong rustc neither infers nor borrows in there: what only follows from what is missing is not said.
fn unfinished(model: &Model<'_>, errors: &Errors) -> TokenStream {
    let wrong = errors.wrong_type();
    let begin = model.fields.iter().filter_map(|field| begun(field, model));
    let end = model.fields.iter().filter_map(|field| ended(field, model));
    quote! {
        #[allow(warnings)]
        fn __lifespan_unfinished() {
            type __Wrong = #wrong;
            let _: __Wrong;
            #(let _ = #begin;)*
            #(let _ = #end;)*
        }
    }
}

/// How a member begins: with the types of what it is made from.
fn begun(field: &Member<'_>, model: &Model<'_>) -> Option<TokenStream> {
    let Closure { asyncness, movement, params, expr } = field.make.as_ref()?;
    let by_value = movement.is_some();
    // One that is asked for twice has been reported.
    let is_first = |(at, param): &(usize, &Param)| !params[..*at].iter().any(|other| same(&other.name, &param.name));
    let params = params.iter().enumerate().filter(is_first).map(|(_, param)| {
        let (pattern, ty) = (&param.pattern, param.ty.as_ref().map(ToTokens::to_token_stream));
        let ty = ty
            .or_else(|| given(&param.name, by_value, model))
            .unwrap_or_else(|| quote!(_));
        quote!(#pattern: #ty)
    });
    let ty = (!has_a_type(expr)).then(|| quote!(-> __Wrong));
    let body = if ty.is_some() { quote!({ #expr }) } else { quote!(#expr) };
    Some(expression(quote!(#asyncness |#(#params),*| #ty #body)))
}

/// How a member ends, if that is beside it.
fn ended(field: &Member<'_>, model: &Model<'_>) -> Option<TokenStream> {
    let ending = field.exit.as_ref()?;
    let krate = model.options.krate(Span::mixed_site());
    // What is in an `Option` is for rustc to find.
    let ty = match field.role {
        Role::Entered { absent: true } => quote!(_),
        _ => field.ty.to_token_stream(),
    };
    let function = expression(ending.function.clone());
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
    let dependency = model.find(name)?;
    let ty = model.type_of(dependency);
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
