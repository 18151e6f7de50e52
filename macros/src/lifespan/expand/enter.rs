//! How the members enter: the public function that describes the life of the whole.

use proc_macro2::{Ident, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Lifetime, Token};

use super::Expansion;
use super::unread::expression;
use crate::blame::{Blame, ours};
use crate::lifespan::closure::{Closure, Param};
use crate::lifespan::model::Dependency;

impl Expansion<'_> {
    pub(super) fn lifespan(&self) -> TokenStream {
        let at = Span::mixed_site();
        let docs = format!(
            " The life of the whole [`{}`]: nothing runs until it is scoped, entered or run.",
            self.model.head.name
        );
        // Out of sight of the user's expressions: what they use they have to name.
        let names = self.model.options.inputs.iter().map(|input| unseen(&input.name));
        let names: Vec<_> = names.collect();
        let types = self.model.options.inputs.iter().map(|input| &input.ty);
        // The edition of this token decides which lifetimes the type captures: in this crate's all of them.
        let impl_ = Token![impl](at);
        let (slots, make) = (self.slots(), self.make());
        let inputs = names.iter().enumerate().map(|(input, name)| {
            let way = Ident::new(if self.is_moved(input) { "moved" } else { "given" }, at);
            quote!(__rt::#way(#name),)
        });
        let starts = self.graph.order.iter().map(|field| self.start(*field));
        let vis = self.model.head.vis;
        quote! {
            #[doc = #docs]
            #[track_caller]
            #vis fn lifespan(#(#names: #types),*) -> __rt::Lifespan<Self, #impl_ __rt::Enter<Self>> {
                __rt::lifespan(#slots, (#(#inputs)*), [#(#starts),*], #make)
            }
        }
    }

    // Output: `(__rt::leaf(__rt::resource::<Cache, __K>()), __rt::lent(__rt::resource::<Db, __K>()))`
    //
    // The last first: what others need is dropped after them.
    fn slots(&self) -> TokenStream {
        let slots = self.graph.order.iter().rev().map(|field| {
            let member = &self.model.fields[*field];
            let (at, role) = (Blame::on(member.ty).start, self.role(member));
            let slot = Ident::new(if self.needed[*field] { "lent" } else { "leaf" }, at);
            quote_spanned!(at=> __rt::#slot(#role),)
        });
        quote!((#(#slots)*))
    }

    fn is_moved(&self, input: usize) -> bool {
        let (input, mut fields) = (
            Dependency::Input(input),
            self.model.fields.iter().zip(&self.graph.dependencies),
        );
        fields.any(|(field, dependencies)| field.moves() && dependencies.contains(&input))
    }

    // Output: `|__s, __i| Self { config: __i.0.value(), db: __s.1.value(), cache: __s.0.value() }`
    fn make(&self) -> TokenStream {
        let [s, i] = ["s", "i"].map(|name| self.local(name, Span::mixed_site()));
        let values = self.model.fields.iter().map(|field| {
            let (name, at) = (field.name, ours(field.name.span()));
            // Of one that is kept, the input.
            let place = self.model.find(name).map(|found| self.place_of(found, at));
            quote_spanned!(at=> #name: #place.value())
        });
        quote!(|#s, #i| Self { #(#values),* })
    }

    // Output:
    //     |__s, __i, __m| {
    //         let (config, db) = (__i.0.get(), __s.1.get());
    //         __rt::enter(&__s.0, __m, Cache::warm(config.size, db.pool()))
    //     }
    //
    // Like a closure with these parameters, but it need not be one.
    fn start(&self, field: usize) -> TokenStream {
        let member = &self.model.fields[field];
        let Some(closure) = &member.make else {
            return TokenStream::new();
        };
        let at = Blame::on(&closure.expr).start;
        let (_, method) = Self::functions(member);
        let method = Ident::new(method, at);
        let [s, i, m] = ["s", "i", "m"].map(|name| self.local(name, at));
        let slot = self.place_of(Dependency::Field(field), at);
        let needed = (member.when.is_some() && !member.may_fail).then(|| quote_spanned!(at=> .needed()));
        // What is wrong with what is put there is wrong here.
        let enter = |expr| quote_spanned!(at=> __rt::#method(&#slot, #m #needed, #expr));
        let Closure { asyncness, expr, params, .. } = closure;
        let enter = if asyncness.is_some() || returns(expr) {
            enter(self.closure(closure, at))
        } else if params.is_empty() {
            enter(expression(expr.clone()))
        } else {
            let (names, types, given) = (names(params, at), types(params, at), self.given(closure, at));
            let enter = enter(expression(expr.clone()));
            quote_spanned!(at=> { let #names #types = #given; #enter })
        };
        let Some(when) = &member.when else {
            return quote_spanned!(at=> |#s, #i, #m| #enter);
        };
        let when = self.closure(when, Blame::on(&when.expr).start);
        quote_spanned!(at=> |#s, #i, #m| if #when { #enter } else { __rt::compute(&#slot, #m, __rt::None) })
    }

    // Output: `__rt::made((__i.0.get(), __s.1.get()), |config, db| ..)`
    fn closure(&self, closure: &Closure, at: Span) -> TokenStream {
        let Closure { asyncness, params, expr, .. } = closure;
        let (names, types, given) = (names(params, at), types(params, at), self.given(closure, at));
        let make = expression(quote!(#asyncness |#names #types| #expr));
        quote_spanned!(at=> __rt::made(#given, #make))
    }

    // Output: `(__i.0.get(), __s.1.get())`
    fn given(&self, closure: &Closure, at: Span) -> TokenStream {
        let named = closure.params.iter().filter_map(|param| self.model.find(&param.name));
        let given = named.map(|dependency| {
            let place = self.place_of(dependency, at);
            let takes = closure.movement.is_some() && matches!(dependency, Dependency::Input(_));
            let way = Ident::new(if takes { "take" } else { "get" }, at);
            quote_spanned!(at=> #place.#way())
        });
        one_or_all(&given.collect::<Vec<_>>(), at)
    }

    // Output: `__s.1` of a member, `__i.0` of an input
    fn place_of(&self, dependency: Dependency, at: Span) -> TokenStream {
        let (all, place) = match dependency {
            Dependency::Input(input) => ("i", input),
            Dependency::Field(field) => ("s", self.members.len() - 1 - self.places[field].unwrap_or_default()),
        };
        let (all, mut place) = (self.local(all, at), Literal::usize_unsuffixed(place));
        place.set_span(at);
        quote_spanned!(at=> #all.#place)
    }

    // Output: `__K`, or `__K<'_>` of what is local
    pub(super) fn kind(&self, life: Option<&Lifetime>, at: Span) -> TokenStream {
        if self.is_local() {
            let life = life.map_or_else(|| quote_spanned!(at=> '_), ToTokens::to_token_stream);
            quote_spanned!(at=> __K<#life>)
        } else {
            quote_spanned!(at=> __K)
        }
    }
}

/// Whether the expression may leave the closure that it is in.
fn returns(expr: &TokenStream) -> bool {
    expr.clone().into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "return",
        TokenTree::Group(group) => returns(&group.stream()),
        _ => false,
    })
}

/// A tuple, or the only one.
fn one_or_all(all: &[TokenStream], at: Span) -> TokenStream {
    match all {
        [one] => one.clone(),
        all => quote_spanned!(at=> (#(#all),*)),
    }
}

// Output: `(config, db)`
fn names(params: &[Param], at: Span) -> TokenStream {
    let names = params.iter().map(|param| param.pattern.to_token_stream());
    one_or_all(&names.collect::<Vec<_>>(), at)
}

// Output: `: (&Config, _)`
fn types(params: &[Param], at: Span) -> Option<TokenStream> {
    params.iter().find(|param| param.ty.is_some())?;
    let types = params
        .iter()
        .map(|param| param.ty.as_ref().map_or(quote!(_), ToTokens::to_token_stream));
    let types = one_or_all(&types.collect::<Vec<_>>(), at);
    Some(quote!(: #types))
}

/// A name of the user's that only generated code sees.
fn unseen(name: &Ident) -> Ident {
    let mut unseen = name.clone();
    unseen.set_span(ours(name.span()));
    unseen
}
