//! The trait impl, which ends the resource.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Ident, Token, parse_quote_spanned};

use super::returned;
use crate::attributes;
use crate::blame::{Blame, our_path, ours};
use crate::scoped_resource::model::{Method, Subject};
use crate::scoped_resource::options::{ExitCall, Options};

// Input:
//     #[exit]
//     async fn close(self, exit: &Exit) -> Result<(), SseError> { body }
//
// Output:
//     impl ::lifespan::ScopedResource for SseClient {
//         async fn exit(self, exit: &::lifespan::Exit) -> ::core::result::Result<(), ::lifespan::BoxError> {
//             ::lifespan::__private::exited(Self::close(self, exit).await)
//         }
//     }
pub(in crate::scoped_resource) fn end_by_method(subject: &Subject<'_>, method: &Method) -> TokenStream {
    let sig = &method.sig;
    let at = Blame::on(sig.asyncness).start;
    let name = &sig.ident;
    let argument = sig.inputs.iter().nth(1).map(|argument| Blame::on(argument).start);
    let blame = Blame::on(returned(sig));
    let start = blame.start;
    let function = quote_spanned!(start=> Self::#name);
    let call = call_exit(&function, argument, subject, blame);
    end(subject, &attributes::cfgs(&method.attrs), argument.is_some(), &call, at)
}

// Input:
//     #[scoped_resource(exit = shut_down(exit))] struct Session { .. }
//
// Output:
//     impl ::lifespan::ScopedResource for Session {
//         async fn exit(self, exit: &::lifespan::Exit) -> ::core::result::Result<(), ::lifespan::BoxError> {
//             ::lifespan::__private::exited(shut_down(self, exit).await)
//         }
//     }
pub(in crate::scoped_resource) fn end_by_function(subject: &Subject<'_>, exit: &ExitCall) -> TokenStream {
    let function = our_path(exit.function.to_token_stream());
    let blame = Blame::on(&function);
    let call = call_exit(&function, exit.told.then_some(blame.start), subject, blame);
    end(subject, &[], exit.told, &call, blame.start)
}

/// `argument` is what is to be blamed if `&Exit` is not what the function takes; without one it is not passed.
fn call_exit(function: &TokenStream, argument: Option<Span>, subject: &Subject<'_>, blame: Blame) -> TokenStream {
    let Blame { start, end } = blame;
    let krate = subject.options.krate(start);
    let exit = argument.map(exit_at).map(|exit| quote_spanned!(end=> , #exit));
    let this = Token![self](Span::mixed_site());
    let call = quote_spanned!(end=> (#this #exit).await);
    let exited = quote_spanned!(start=> #krate::__private::exited);
    quote_spanned!(end=> #exited(#function #call))
}

/// The name of the generated `&Exit`. It resolves at the call site, unlike the path of the function it is passed to,
/// which may be `exit` too.
fn exit_at(span: Span) -> Ident {
    Ident::new("exit", Span::call_site().located_at(span))
}

/// The trait impl. `told` says whether `call` uses `exit`.
pub(in crate::scoped_resource) fn end(
    subject: &Subject<'_>,
    cfgs: &[Attribute],
    told: bool,
    call: &TokenStream,
    at: Span,
) -> TokenStream {
    let Subject {
        attrs,
        generics,
        ty,
        where_clause,
        local,
        options,
    } = subject;
    let mut where_clause = where_clause.cloned();
    if !local && generics.type_params().next().is_some() {
        // A parameter that may borrow is then one error, at the enter: what begins it is a resource only without.
        let outlives = parse_quote_spanned!(at=> Self: 'static);
        where_clause
            .get_or_insert_with(|| parse_quote_spanned!(at=> where))
            .predicates
            .push(outlives);
    }
    let (generics, ..) = generics.split_for_impl();
    let (name, method) = if *local {
        ("LocalResource", "exit_local")
    } else {
        ("ScopedResource", "exit")
    };
    let (name, method) = (Ident::new(name, at), Ident::new(method, at));
    let krate = options.krate(at);
    let this = Token![self](Span::mixed_site());
    let exit = if told {
        exit_at(at).into_token_stream()
    } else {
        quote!(_)
    };
    let signature = quote_spanned! {at=>
        async fn #method(#this, #exit: &#krate::Exit) -> ::core::result::Result<(), #krate::BoxError>
    };
    let policy = policy(options);
    quote! {
        #(#attrs)*
        #(#cfgs)*
        impl #generics #krate::#name for #ty #where_clause {
            #signature { #call }
            #policy
        }
    }
}

// Input:
//     #[scoped_resource(name = "sse", enter_timeout = "5s", exit_timeout = "none")]
//
// Output:
//     fn policy() -> ::lifespan::Policy {
//         ::lifespan::Policy::of::<Self>()
//             .named("sse")
//             .enter_timeout(::core::time::Duration::from_secs(5))
//             .exit_timeout(::core::option::Option::None)
//     }
fn policy(options: &Options) -> Option<TokenStream> {
    let named = options.common.name.get().map(|name| quote!(.named(#name)));
    let enter = options.common.enter_timeout.get().map(|(budget, span)| {
        let budget = budget.tokens(ours(*span));
        quote!(.enter_timeout(#budget))
    });
    let exit = options.common.exit_timeout.get().map(|(budget, span)| {
        let budget = budget.tokens(ours(*span));
        quote!(.exit_timeout(#budget))
    });
    let krate = options.krate(Span::mixed_site());
    (named.is_some() || enter.is_some() || exit.is_some()).then(|| {
        quote! {
            fn policy() -> #krate::Policy {
                #krate::Policy::of::<Self>() #named #enter #exit
            }
        }
    })
}
