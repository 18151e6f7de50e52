//! [`Subject`]: the type that an attribute makes a resource, whichever attribute that is. It has the trait impl, and stand-ins for
//! parts with a mistake.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Generics, Token, Visibility, parse_quote_spanned};

use crate::attributes::{self, Place};
use crate::blame::{Blame, our_generics};
use crate::errors::Errors;
use crate::options::Options;

pub(crate) struct Subject<'a> {
    /// For impls that are generated about it.
    attrs: Vec<Attribute>,
    pub(crate) generics: Generics,
    pub(crate) ty: TokenStream,
    /// What an exit gives, if it has a shorter name where the impl stands.
    pub(crate) result: Option<TokenStream>,
    /// Whether it is a `LocalResource`: what borrows has to be, whether it says so or not.
    pub(crate) local: bool,
    /// Whether the trait impl is only of what does not borrow: a parameter that may is then one error, at the enter.
    pub(crate) is_static: bool,
    pub(crate) options: &'a Options,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(attrs: &[Attribute], generics: &Generics, ty: impl ToTokens, options: &'a Options) -> Self {
        let ty = ty.into_token_stream();
        let local = options.is_local() || borrows(&ty);
        Subject {
            result: None,
            attrs: attributes::of(Place::Impl, attrs),
            generics: our_generics(generics.clone()),
            local,
            is_static: !local && generics.type_params().next().is_some(),
            ty,
            options,
        }
    }

    /// A struct or an enum, under its own parameters.
    pub(crate) fn of(attrs: &[Attribute], name: &Ident, generics: &Generics, options: &'a Options) -> Self {
        let (_, arguments, _) = generics.split_for_impl();
        Subject::new(attrs, generics, quote!(#name #arguments), options)
    }

    // Output:
    //     impl ::lifespan::ScopedResource for SseClient {
    //         async fn exit(self, exit: &::lifespan::Exit) -> ::lifespan::__private::ExitResult { body }
    //         rest
    //     }
    pub(crate) fn resource(
        &self,
        cfgs: &[Attribute],
        exit: &TokenStream,
        body: &TokenStream,
        rest: Option<&TokenStream>,
        at: Span,
    ) -> TokenStream {
        let (Subject { attrs, ty, .. }, mut generics) = (self, self.generics.clone());
        if self.is_static {
            let outlives = parse_quote_spanned!(at=> Self: 'static);
            generics.make_where_clause().predicates.push(outlives);
        }
        let (generics, _, clause) = generics.split_for_impl();
        let names = [("ScopedResource", "exit"), ("LocalResource", "exit_local")][usize::from(self.local)];
        let (name, method) = (Ident::new(names.0, at), Ident::new(names.1, at));
        let (krate, this) = (self.options.krate(at), Token![self](Span::mixed_site()));
        // All of it at one token, or an error about the whole function is one at the attribute.
        let result = self.result.clone();
        let result = result.unwrap_or_else(|| quote_spanned!(at=> #krate::__private::ExitResult));
        let signature = quote_spanned!(at=> async fn #method(#this, #exit: &#krate::Exit) -> #result);
        quote! {
            #(#attrs)*
            #(#cfgs)*
            impl #generics #krate::#name for #ty #clause {
                #signature { #body }
                #rest
            }
        }
    }

    /// `impl Session { members }`.
    pub(crate) fn inherent(&self, members: &TokenStream) -> TokenStream {
        let Subject { attrs, ty, .. } = self;
        let (generics, _, clause) = self.generics.split_for_impl();
        quote! {
            #(#attrs)*
            impl #generics #ty #clause { #members }
        }
    }

    /// The trait impl that stands in for one whose exit is wrong, or missing: its body is `unreachable!()`.
    pub(crate) fn stand_in(&self, cfgs: &[Attribute]) -> TokenStream {
        let at = Blame::on(&self.ty).start;
        self.resource(cfgs, &quote!(_), &quote_spanned!(at=> ::core::unreachable!()), None, at)
    }
}

/// `::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>>`.
pub(crate) fn lifespan_of_self(options: &Options, blame: Blame) -> TokenStream {
    let Blame { start, end } = blame;
    let krate = options.krate(start);
    // The edition of this token decides which lifetimes the type captures: in this crate's all of them, in 2021 none,
    // which is E0700 for every borrowed argument.
    let impl_ = Token![impl](start);
    let close = quote_spanned!(end=> >);
    quote_spanned!(start=> #krate::Lifespan<Self, #impl_ #krate::Enter<Self #close #close)
}

/// The value that stands in for a `Lifespan` whose enter is wrong: it can be used as the right one would be.
pub(crate) fn pending(options: &Options, at: Span) -> TokenStream {
    let krate = options.krate(at);
    quote_spanned!(at=> #krate::Lifespan::of(::core::future::pending::<Self>()))
}

// Output:
//     pub const lifespan: [(); ::core::compile_error! { ".." }] = ::core::unreachable!();
//
/// What stands in for a `lifespan(..)` of which it is not known what it takes, so that no function would do: something of a
/// wrong type can be called with anything.
pub(crate) fn unknown_lifespan(vis: &Visibility, errors: &Errors, at: Span) -> TokenStream {
    let (name, wrong) = (Ident::new("lifespan", at), errors.wrong_type());
    quote!(#vis const #name: #wrong = ::core::unreachable!();)
}

/// Whether a type, as written in the head of an `impl`, has a lifetime that is not `'static`.
pub(crate) fn borrows(ty: impl ToTokens) -> bool {
    has_lifetime(ty.into_token_stream(), true, &mut Vec::new())
}

/// `bound` are the lifetimes of `for<'a>`; `elided` says that `&` without a lifetime is one of the `impl`, which in
/// the arguments of `fn(&str)` it is not.
fn has_lifetime(tokens: TokenStream, elided: bool, bound: &mut Vec<String>) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    let mut binder = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let elided = elided && group.delimiter() != Delimiter::Parenthesis;
                if has_lifetime(group.stream(), elided, bound) {
                    return true;
                }
            }
            TokenTree::Ident(ident) => binder |= ident == "for",
            TokenTree::Punct(punct) => match punct.as_char() {
                '>' => binder = false,
                '\'' => {
                    let name = tokens.next().map(|name| name.to_string()).unwrap_or_default();
                    if binder {
                        bound.push(name);
                    } else if name != "static" && !bound.contains(&name) {
                        return true;
                    }
                }
                '&' if elided && !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'') => {
                    return true;
                }
                _ => {}
            },
            TokenTree::Literal(_) => {}
        }
    }
    false
}

#[cfg(test)]
mod tests;
