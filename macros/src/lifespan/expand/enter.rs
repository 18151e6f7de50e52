//! How the members enter: the public function that describes the life of the whole.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Token;
use syn::ext::IdentExt;

use super::unread::expression;
use super::{Expansion, tuple};
use crate::blame::{Blame, ours};
use crate::lifespan::closure::{Closure, Param};
use crate::lifespan::model::{Dependency, Role};

impl Expansion<'_> {
    pub(super) fn lifespan(&self) -> TokenStream {
        let at = Span::mixed_site();
        let krate = self.model.options.krate(at);
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
        let describe = self.rt("lifespan", "lifespan_local", at);
        let block = self.block();
        let vis = self.model.head.vis;
        quote! {
            #[doc = #docs]
            #[track_caller]
            #vis fn lifespan(#(#inputs),*) -> #krate::Lifespan<Self, #impl_ #krate::Enter<Self>> {
                #describe(async move { #block })
            }
        }
    }

    pub(super) fn block(&self) -> TokenStream {
        let slots: Vec<_> = self.members.iter().map(|member| self.slot_name(member.name)).collect();
        let makes = self.graph.order.iter().zip(&slots).map(|(field, slot)| {
            let made = self.slot(*field);
            quote!(let #slot = #made;)
        });
        let lanes: Vec<_> = self.graph.order.iter().map(|field| self.lane(*field)).collect();
        let lanes = tree(&lanes);
        let values: Vec<_> = self.members.iter().map(|member| self.value_name(member.name)).collect();
        let fields = self.model.fields.iter().map(|field| {
            let name = field.name;
            let value = match field.role {
                Role::Kept => unseen(name),
                _ => self.value_name(name),
            };
            quote!(#name: #value)
        });
        let (slots, values) = (tuple(&slots), tuple(&values));
        let at = Span::mixed_site();
        let [lanes_name, entered, slots_name] = ["lanes", "entered", "slots"].map(|name| self.local(name, at));
        quote! {
            #(#makes)*
            let #lanes_name = #lanes;
            let #entered = __rt::entered(#lanes_name).await;
            let #slots_name = #slots;
            __rt::made(#entered, #slots_name, move |#values| Self { #(#fields),* })
        }
    }

    // Output: `__rt::lent::<Db, _>(__rt::graph::<Self>().at(0))`
    pub(super) fn slot(&self, field: usize) -> TokenStream {
        let member = &self.model.fields[field];
        let at = Blame::on(member.ty).start;
        let slot = match (self.needed[field], self.is_local()) {
            (true, false) => quote_spanned!(at=> __rt::lent),
            (true, true) => quote_spanned!(at=> __rt::lent_local),
            (false, false) => quote_spanned!(at=> __rt::leaf),
            (false, true) => quote_spanned!(at=> __rt::leaf_local),
        };
        let value = member.ty;
        let closed = self.closed(member).unwrap_or_else(|| quote!(_));
        let place = self.places[field].map(Literal::usize_unsuffixed);
        let graph = self.graph_of_self(at);
        quote_spanned!(at=> #slot::<#value, #closed>(#graph.at(#place)))
    }

    // Output: `__rt::enter(&__slot_cache, (&config, __slot_db.lend()), |(config, db)| ..)`
    pub(super) fn lane(&self, field: usize) -> TokenStream {
        let member = &self.model.fields[field];
        let Some(closure) = &member.make else {
            return TokenStream::new();
        };
        let at = Blame::on(&closure.expr).start;
        let method = match (member.role, &member.exit) {
            (Role::Entered { optional: false }, None) => "enter",
            (Role::Entered { optional: true }, None) => "enter_optional",
            (Role::Entered { optional: false }, Some(_)) => "enter_beside",
            (Role::Entered { optional: true }, Some(_)) => "enter_optional_beside",
            _ => "compute",
        };
        let (slot, method) = (self.slot_name(member.name), Ident::new(method, at));
        let given = self.dependencies(field).iter().map(|dependency| match dependency {
            Dependency::Input(input) => {
                let name = unseen(&self.model.options.inputs[*input].name);
                if closure.movement.is_some() {
                    quote!(__rt::Moved(#name))
                } else {
                    quote!(&#name)
                }
            }
            Dependency::Field(field) => {
                let slot = self.slot_name(self.model.fields[*field].name);
                quote!(#slot.lend())
            }
        });
        let make = make(closure);
        quote_spanned!(at=> __rt::#method(&#slot, (#(#given,)*), #make))
    }

    fn slot_name(&self, member: &Ident) -> Ident {
        self.local(&format!("slot_{}", member.unraw()), member.span())
    }
}

/// The closure of a member, with all that it gets in one tuple.
fn make(closure: &Closure) -> TokenStream {
    let Closure {
        asyncness,
        params,
        expr,
        ..
    } = closure;
    let names = params
        .iter()
        .map(|Param { mutability, name, .. }| quote!(#mutability #name));
    let types = params.iter().any(|param| param.ty.is_some()).then(|| {
        let types = params
            .iter()
            .map(|param| param.ty.as_ref().map_or_else(|| quote!(_), ToTokens::to_token_stream));
        quote!(: (#(#types,)*))
    });
    expression(quote!(#asyncness |(#(#names,)*) #types| #expr))
}

/// A balanced tree of twos and threes.
fn tree(lanes: &[TokenStream]) -> TokenStream {
    let part = |parts: usize, part: usize| {
        let at = |part: usize| part * lanes.len() / parts;
        tree(&lanes[at(part)..at(part + 1)])
    };
    match lanes {
        [] => quote!(()),
        [one] => one.clone(),
        [first, rest] => quote!(__rt::two(#first, #rest)),
        _ => {
            let (first, second, third) = (part(3, 0), part(3, 1), part(3, 2));
            quote!(__rt::three(#first, #second, #third))
        }
    }
}

/// A name of the user's that only generated code sees.
fn unseen(name: &Ident) -> Ident {
    let mut unseen = name.clone();
    unseen.set_span(ours(name.span()));
    unseen
}
