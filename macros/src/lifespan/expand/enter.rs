//! How the members enter: the public function that describes the life of the whole.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{GenericParam, Lifetime, Token};

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
        let inputs = self.model.options.inputs.iter().map(|input| {
            // Out of sight of the user's expressions: what they use they have to name.
            let (name, ty) = (unseen(&input.name), &input.ty);
            quote!(#name: #ty)
        });
        // The edition of this token decides which lifetimes the type captures: in this crate's all of them.
        let impl_ = Token![impl](at);
        let kind = self.kind(None, at);
        let (slots, each, make) = (self.slots(), self.each(), self.make());
        let starts = self.graph.order.iter().map(|field| self.start(*field));
        let vis = self.model.head.vis;
        quote! {
            #[doc = #docs]
            #[track_caller]
            #vis fn lifespan(#(#inputs),*) -> __rt::Lifespan<Self, #impl_ __rt::Enter<Self>> {
                __rt::lifespan::<_, _, #kind, _>(#slots, [#(#starts),*], #each, #make)
            }
        }
    }

    // Output:
    //     struct __Slots<__0> {
    //         cache: __rt::LeafSlot<Cache, __Kind>,
    //         db: __rt::LentSlot<Db, __Kind>,
    //         config: Option<__0>,
    //     }
    //
    // The type of an input may have no name (`&str`, `impl Into<String>`), so it is a parameter.
    pub(super) fn slots_type(&self) -> TokenStream {
        let at = Span::mixed_site();
        let (name, (kind, mut generics)) = (slots_name(), self.of_kind(at));
        let members = self.graph.order.iter().rev().map(|field| {
            let (member, ty) = (&self.model.fields[*field], self.model.fields[*field].ty);
            let (name, cell) = (slot_name(member.name), self.cell(*field));
            quote!(#name: __rt::#cell<#ty, #kind>)
        });
        let members: Vec<_> = members.collect();
        let inputs = self.model.options.inputs.iter().enumerate().map(|(input, said)| {
            let (name, ty) = (slot_name(&said.name), format_ident!("__{input}"));
            generics.params.push(GenericParam::Type(ty.clone().into()));
            if self.is_moved(input) {
                quote!(#name: __rt::Moved<#ty>)
            } else {
                quote!(#name: ::core::option::Option<#ty>)
            }
        });
        let inputs: Vec<_> = inputs.collect();
        let whole = self.whole_of_slots().map(|(name, ty)| quote!(#name: #ty));
        let (generics, _, clause) = generics.split_for_impl();
        quote!(struct #name #generics #clause { #(#members,)* #(#inputs,)* #whole })
    }

    /// What has all parameters of the whole, if it has any.
    fn whole_of_slots(&self) -> Option<(Ident, TokenStream)> {
        let whole = &self.subject.ty;
        let any = !self.model.head.generics.params.is_empty() || self.is_local();
        let lifetime = self.is_local().then(|| self.lifetime(Span::mixed_site()));
        let lifetime = lifetime.map(|lifetime| quote!(& #lifetime));
        let ty = quote!(::core::marker::PhantomData<fn(#lifetime ()) -> #whole>);
        any.then(|| (Ident::new("__whole", Span::mixed_site()), ty))
    }

    // Output: `__Slots { cache: __rt::leaf(__rt::resource::<Cache, __Kind>()), db: __rt::lent(__rt::resource::<Db, __Kind>()), config: Some(config) }`
    fn slots(&self) -> TokenStream {
        let members = self.graph.order.iter().rev().map(|field| {
            let member = &self.model.fields[*field];
            let (name, role) = (slot_name(member.name), self.role(member));
            let at = Blame::on(member.ty).start;
            let slot = Ident::new(if self.needed[*field] { "lent" } else { "leaf" }, at);
            quote_spanned!(at=> #name: __rt::#slot(#role))
        });
        let inputs = self.model.options.inputs.iter().enumerate().map(|(input, said)| {
            let (name, value) = (slot_name(&said.name), unseen(&said.name));
            let value = quote!(::core::option::Option::Some(#value));
            if self.is_moved(input) {
                quote!(#name: __rt::Moved::new(#value))
            } else {
                quote!(#name: #value)
            }
        });
        let whole = self.whole_of_slots();
        let whole = whole.map(|(name, _)| quote!(#name: ::core::marker::PhantomData::<fn(_) -> Self>));
        let slots = slots_name();
        quote!(#slots { #(#members,)* #(#inputs,)* #whole })
    }

    /// Where a member is when it has entered.
    fn cell(&self, field: usize) -> Ident {
        let cell = if self.needed[field] { "LentSlot" } else { "LeafSlot" };
        Ident::new(cell, Span::mixed_site())
    }

    fn is_moved(&self, input: usize) -> bool {
        let (input, mut fields) = (
            Dependency::Input(input),
            self.model.fields.iter().zip(&self.graph.dependencies),
        );
        fields.any(|(field, dependencies)| field.moves() && dependencies.contains(&input))
    }

    // Output: `|__s, __each| { __each(&mut __s.db); __each(&mut __s.cache); }`
    fn each(&self) -> TokenStream {
        let at = Span::mixed_site();
        let [s, each] = ["s", "each"].map(|name| self.local(name, at));
        let names = self.members.iter().map(|member| slot_name(member.name));
        let calls: Vec<_> = names.map(|name| quote!(#each(&mut #s.#name);)).collect();
        if calls.is_empty() {
            quote!(|_, _| {})
        } else {
            quote!(|#s, #each| { #(#calls)* })
        }
    }

    // Output: `|__s| Self { db: __rt::value(&mut __s.db), cache: __rt::value(&mut __s.cache) }`
    fn make(&self) -> TokenStream {
        let s = self.local("s", Span::mixed_site());
        let values = self.model.fields.iter().map(|field| {
            let (name, slot) = (field.name, slot_name(field.name));
            let at = ours(name.span());
            quote_spanned!(at=> #name: __rt::value(&mut #s.#slot))
        });
        let values: Vec<_> = values.collect();
        if values.is_empty() {
            quote!(|_| Self {})
        } else {
            quote!(|#s| Self { #(#values),* })
        }
    }

    // Output:
    //     |__s, __m| {
    //         let config = __rt::given(&__s.config);
    //         let db = __rt::get(&__s.db);
    //         __rt::enter(&__s.cache, __m, Cache::warm(config.size, db.pool()))
    //     }
    fn start(&self, field: usize) -> TokenStream {
        let member = &self.model.fields[field];
        let Some(closure) = &member.make else {
            return TokenStream::new();
        };
        let at = Blame::on(&closure.expr).start;
        let (_, method) = Self::functions(member);
        let [s, m] = ["s", "m"].map(|name| self.local(name, at));
        let (mut slot, method) = (slot_name(member.name), Ident::new(method, at));
        // What is wrong with what is put there is wrong here.
        slot.set_span(ours(at));
        let given: Vec<_> = self
            .dependencies(field)
            .iter()
            .map(|dependency| self.given(*dependency, closure, at))
            .collect();
        let role = member.exit.is_some().then(|| self.role(member)).into_iter();
        let enter = |expr| quote_spanned!(at=> __rt::#method(&#s.#slot, #m, #(#role,)* #expr));
        if closure.asyncness.is_some() || returns(&closure.expr) {
            let make = make(closure);
            let enter = enter(quote_spanned!(at=> __rt::made((#(#given,)*), #make)));
            return quote_spanned!(at=> |#s, #m| #enter);
        }
        let lets = closure.params.iter().zip(&given).map(|(param, given)| {
            let Param { pattern, colon, ty, .. } = param;
            quote_spanned!(at=> let #pattern #colon #ty = #given;)
        });
        let lets: Vec<_> = lets.collect();
        let enter = enter(expression(closure.expr.clone()));
        if lets.is_empty() {
            quote_spanned!(at=> |#s, #m| #enter)
        } else {
            quote_spanned!(at=> |#s, #m| { #(#lets)* #enter })
        }
    }

    /// What a member gets.
    fn given(&self, dependency: Dependency, closure: &Closure, at: Span) -> TokenStream {
        let s = self.local("s", at);
        match dependency {
            Dependency::Input(input) => {
                let name = slot_name(&self.model.options.inputs[input].name);
                let way = Ident::new(if closure.movement.is_some() { "moved" } else { "given" }, at);
                quote_spanned!(at=> __rt::#way(&#s.#name))
            }
            Dependency::Field(field) => {
                let name = slot_name(self.model.fields[field].name);
                quote_spanned!(at=> __rt::get(&#s.#name))
            }
        }
    }

    // Output: `__Kind`, or `__Kind<'_>` of what is local
    pub(super) fn kind(&self, life: Option<&Lifetime>, at: Span) -> TokenStream {
        if self.is_local() {
            let life = life.map_or_else(|| quote_spanned!(at=> '_), ToTokens::to_token_stream);
            quote_spanned!(at=> __Kind<#life>)
        } else {
            quote_spanned!(at=> __Kind)
        }
    }
}

/// The field of the slots for a member or an input of this name.
fn slot_name(name: &Ident) -> Ident {
    unseen(name)
}

/// Whether the expression may leave the closure that it is in.
fn returns(expr: &TokenStream) -> bool {
    expr.clone().into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "return",
        TokenTree::Group(group) => returns(&group.stream()),
        _ => false,
    })
}

fn slots_name() -> Ident {
    Ident::new("__Slots", Span::mixed_site())
}

/// The closure of a member, with all that it gets in one tuple.
fn make(closure: &Closure) -> TokenStream {
    let Closure {
        asyncness,
        params,
        expr,
        ..
    } = closure;
    let names = params.iter().map(|param| &param.pattern);
    let types = params.iter().any(|param| param.ty.is_some()).then(|| {
        let types = params
            .iter()
            .map(|param| param.ty.as_ref().map_or_else(|| quote!(_), ToTokens::to_token_stream));
        quote!(: (#(#types,)*))
    });
    expression(quote!(#asyncness |(#(#names,)*) #types| #expr))
}

/// A name of the user's that only generated code sees.
fn unseen(name: &Ident) -> Ident {
    let mut unseen = name.clone();
    unseen.set_span(ours(name.span()));
    unseen
}
