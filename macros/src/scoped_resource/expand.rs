//! What is generated: data and calls, the control flow is in the runtime crate.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, GenericParam, Ident, ReturnType, Signature, Token, Visibility, parse_quote_spanned};

use super::arguments::{arguments, parameters, passed};
use super::model::Method;
use crate::attributes::{self, Place};
use crate::blame::{Blame, our_generics, our_path, written};
use crate::budget::budgets;
use crate::options::{EnterCall, ExitCall, Options};
use crate::subject::{Subject, lifespan_of_self, pending};

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
// as in the one that was written. An unsound one is never called, and only there for an editor to complete in.
pub(super) fn enter(method: &Method, options: &Options, is_sound: bool) -> TokenStream {
    let (attrs, vis, sig, body) = (&method.attrs, &method.vis, &method.sig, &method.body);
    let blame = Blame::on(returned(sig));
    let name = format_ident!("__lifespan_enter_{}", sig.ident);
    let turbofish = turbofish(sig, blame.start);
    let function = quote_spanned!(blame.start=> Self::#name #turbofish);
    let function = is_sound.then_some(&function);
    let described = described("Returns a", (attrs, vis, sig), blame, options, function);
    // Without a return type the tail of the body would be a second error.
    let hidden = matches!(sig.output, ReturnType::Type(..)).then(|| {
        let attrs = attributes::of(Place::Hidden(&sig.ident), attrs);
        let mut sig = asynchronous(sig);
        sig.ident = name;
        quote!(#[doc(hidden)] #(#attrs)* #sig #body)
    });
    quote!(#described #hidden)
}

// Input:
//     #[scoped_resource(enter = open(url: String))] pub struct Session { .. }
//
// Output, in `impl Session`:
//     /// Describes one as a [`Lifespan`](::lifespan::Lifespan): nothing runs until it is scoped, ..
//     #[track_caller]
//     pub fn lifespan(url: String) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
//         ::lifespan::Lifespan::<Self, _>::of(open(url))
//     }
pub(super) fn lifespan(vis: &Visibility, enter: &EnterCall, options: &Options) -> TokenStream {
    let blame = Blame::on(&enter.function);
    let inputs = &enter.inputs;
    let sig: Signature = parse_quote_spanned!(blame.start=> fn lifespan(#(#inputs),*));
    let function = our_path(enter.function.to_token_stream());
    described("Describes one as a", (&[], vis, &sig), blame, options, Some(&function))
}

/// The function that callers see: instead of a resource it gives its description, of a call to `function`, if that is sound.
fn described(
    verb: &str,
    (attrs, vis, sig): (&[Attribute], &Visibility, &Signature),
    blame: Blame,
    options: &Options,
    function: Option<&TokenStream>,
) -> TokenStream {
    let Blame { start, end } = blame;
    let arguments = arguments(sig);
    let parameters = parameters(&arguments, function.is_some());
    let krate = options.krate(start);
    let body = match function {
        None => pending(options, start),
        Some(function) => passed(&[], &arguments, &|names| {
            let of = quote_spanned!(start=> #krate::Lifespan::<Self, _>::of);
            let arguments = quote_spanned!(end=> (#(#names),*));
            quote_spanned!(end=> #of(#function #arguments))
        }),
    };
    // A function made of the user's tokens and of ours is, to a lint, where its last brace is if that is ours, or else where
    // its `async` is. Without a place of its own the brace would be at the attribute; at the `async`, what a lint such as
    // `clippy::too_many_arguments` says of this function and of the hidden one is the same message, and shown once
    // (incremental builds tell the two apart, and may repeat it). An `#[allow]` would not do: it is an error wherever the lint
    // is forbidden.
    let at = async_at(sig);
    let body = quote_spanned!(at=> { #body });
    let attrs = attributes::of(Place::Public, attrs);
    let has_docs = attrs.iter().any(|attr| attr.path().is_ident("doc"));
    let blank = has_docs.then(|| quote!(#[doc = ""]));
    let docs = line_of_docs(verb, options);
    let (generics, output) = (our_generics(sig.generics.clone()), lifespan_of_self(options, blame));
    let (clause, fn_token, name) = (&generics.where_clause, &sig.fn_token, &sig.ident);
    quote! {
        #(#attrs)*
        #blank
        #[doc = #docs]
        #[track_caller]
        #vis #fn_token #name #generics(#parameters) -> #output #clause #body
    }
}

fn line_of_docs(verb: &str, options: &Options) -> String {
    let path = written(options.krate(Span::call_site()));
    // `$crate` means nothing to rustdoc.
    let is_link = !path.contains('$');
    let link = is_link.then(|| format!("({path}::Lifespan)"));
    let link = link.unwrap_or_default();
    format!(" {verb} [`Lifespan`]{link}: nothing runs until it is scoped or entered.")
}

/// `::<T, N>`: what no argument tells must be passed on. Lifetimes cannot be, and need not.
fn turbofish(sig: &Signature, span: Span) -> Option<TokenStream> {
    let names = sig.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) => None,
    });
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| quote_spanned!(span=> ::<#(#names),*>))
}

/// A method without its markers; under our `async`, if it had some.
pub(super) fn kept(method: &Method) -> TokenStream {
    let (attrs, vis, sig, body) = (&method.attrs, &method.vis, &method.sig, &method.body);
    let is_marked = !method.markers.is_empty();
    let sig = if is_marked { asynchronous(sig) } else { sig.clone() };
    quote!(#(#attrs)* #vis #sig #body)
}

/// The user's signature under our `async`: that it must be there is our rule, whether or not the body awaits.
///
/// If it was forgotten, that is reported, but not every `.await` in the body as well.
fn asynchronous(sig: &Signature) -> Signature {
    let mut sig = sig.clone();
    sig.asyncness = Some(Token![async](async_at(&sig)));
    sig
}

/// Where `async` stands, or should: a token of ours, so that no lint tells the user to remove it.
fn async_at(sig: &Signature) -> Span {
    Span::call_site().located_at(sig.asyncness.map_or(sig.fn_token.span, |token| token.span))
}

/// What is to be blamed if the result is not what it should be: the return type, or, if there is none, the name.
fn returned(sig: &Signature) -> TokenStream {
    match &sig.output {
        ReturnType::Type(_, ty) => ty.to_token_stream(),
        ReturnType::Default => sig.ident.to_token_stream(),
    }
}

// Input:
//     #[exit]
//     async fn close(self, exit: &Exit) -> Result<(), SseError> { body }
//
// Output:
//     impl ::lifespan::ScopedResource for SseClient {
//         async fn exit(self, exit: &::lifespan::Exit) -> ::lifespan::__private::ExitResult {
//             ::lifespan::__private::exited(Self::close(self, exit).await)
//         }
//     }
pub(super) fn end_by_method(subject: &Subject<'_>, method: &Method) -> TokenStream {
    let Method { attrs, sig, .. } = method;
    let (name, blame) = (&sig.ident, Blame::on(returned(sig)));
    let function = quote_spanned!(blame.start=> Self::#name);
    let told = sig.inputs.iter().nth(1).map(|argument| Blame::on(argument).start);
    let (cfgs, at) = (attributes::cfgs(attrs), Blame::on(sig.asyncness).start);
    end(subject, &cfgs, &function, told, blame, at)
}

// Input:
//     #[scoped_resource(exit = shut_down(exit))] struct Session { .. }
//
// Output: as above, with `shut_down(self, exit)`.
pub(super) fn end_by_function(subject: &Subject<'_>, exit: &ExitCall) -> TokenStream {
    let function = our_path(exit.function.to_token_stream());
    let blame = Blame::on(&function);
    let told = exit.told.then_some(blame.start);
    end(subject, &[], &function, told, blame, blame.start)
}

/// `told` is what is to be blamed if `&Exit` is not what the function takes; without one it is not passed.
fn end(
    subject: &Subject<'_>,
    cfgs: &[Attribute],
    function: &TokenStream,
    told: Option<Span>,
    blame: Blame,
    at: Span,
) -> TokenStream {
    let Blame { start, end } = blame;
    // It resolves at the call site, unlike the path of the function it is passed to, which may be `exit` too.
    let exit_at = |span| Ident::new("exit", Span::call_site().located_at(span));
    let krate = subject.options.krate(start);
    let argument = told.map(exit_at).map(|exit| quote_spanned!(end=> , #exit));
    let this = Token![self](Span::mixed_site());
    let call = quote_spanned!(end=> (#this #argument).await);
    let exited = quote_spanned!(start=> #krate::__private::exited);
    let body = quote_spanned!(end=> #exited(#function #call));
    let exit = told.map_or_else(|| quote!(_), |_| exit_at(at).into_token_stream());
    subject.resource(cfgs, &exit, &body, policy(subject.options).as_ref(), at)
}

// Input:
//     #[scoped_resource(name = "sse", enter_timeout = "5s", exit_timeout = "none")]
//
// Output:
//     fn policy() -> ::lifespan::Policy {
//         ::lifespan::Policy::of::<Self>()
//             .named("sse")
//             .enter_timeout(::lifespan::__private::Some(::lifespan::__private::Duration::from_secs(5)))
//             .exit_timeout(::lifespan::__private::None)
//     }
fn policy(options: &Options) -> Option<TokenStream> {
    let named = options.name.as_ref().map(|name| quote!(.named(#name)));
    let krate = options.krate(Span::mixed_site());
    let timeouts = [
        ("enter_timeout", options.enter_timeout.as_ref()),
        ("exit_timeout", options.exit_timeout.as_ref()),
    ];
    let budgets = budgets(&timeouts, &quote!(#krate::__private));
    let said = quote!(#named #budgets);
    (!said.is_empty()).then(|| quote!(fn policy() -> #krate::Policy { #krate::Policy::of::<Self>() #said }))
}
