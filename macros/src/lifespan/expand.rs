//! What is generated: data and calls. The control flow is in the runtime crate.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Token, Type};

use super::closure::{Closure, Param};
use super::graph::{Dependency, Graph};
use super::model::{Entered, Head, Member, Model, Role};
use crate::blame::{Blame, ours};
use crate::budget::Budget;

/// How many fit into one tuple; more are tuples of tuples.
const TUPLE: usize = 8;

// Input:
//     #[lifespan(config: Config)]
//     pub struct App {
//         #[enter(|config| Db::open(&config.url))]
//         db: Db,
//         #[enter(|config, db| Cache::warm(config.size, db.pool()))]
//         cache: Cache,
//     }
//
// Output, beside the struct:
//     const _: () = {
//         use ::lifespan::__private as __rt;
//         const __MEMBERS: &[__rt::Member] =
//             &[__rt::Member::new("db", &[], &[0]), __rt::Member::new("cache", &[0], &[0])];
//         static __GRAPH: __rt::Graph = __rt::Graph::new("App", &["config"], __MEMBERS);
//         impl App {
//             pub fn lifespan(config: Config) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
//                 __rt::lifespan(async move {
//                     let __db = __rt::lent::<Db, _>(__GRAPH.at(0));
//                     let __cache = __rt::leaf::<Cache, _>(__GRAPH.at(1));
//                     let __lanes = __rt::two(
//                         __rt::enter(&__db, (&config,), |(config,)| Db::open(&config.url)),
//                         __rt::enter(&__cache, (&config, __db.lend()), |(config, db)| ..),
//                     );
//                     let __entered = __rt::entered(__lanes).await;
//                     let __slots = (__db, __cache);
//                     __rt::made(__entered, __slots, move |(db, cache)| Self { db, cache })
//                 })
//             }
//             pub fn plan() -> ::lifespan::Plan {
//                 __rt::plan::<Self>()
//             }
//         }
//         impl __rt::Composed for App {
//             const GRAPH: &'static __rt::Graph = &__GRAPH;
//             fn members(self) -> impl __rt::Members<__rt::Sendable> {
//                 (self.db, self.cache)
//             }
//         }
//         impl ::lifespan::ScopedResource for App {
//             async fn exit(self, __exit: &::lifespan::Exit) -> ::core::result::Result<(), ::lifespan::BoxError> {
//                 __rt::exit(self, __exit).await
//             }
//             fn policy() -> ::lifespan::Policy { __GRAPH.policy::<Self>() }
//             fn __what() -> __rt::What { __rt::What::Nested(Self::plan()) }
//             fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
//                 __rt::failing(&__GRAPH, __failing, (&self.db, &self.cache));
//             }
//         }
//     };
pub(super) fn lifespan(model: &Model<'_>, graph: &Graph) -> TokenStream {
    let expansion = Expansion::new(model, graph);
    let data = expansion.data();
    let inherent = expansion.inherent();
    let composed = expansion.composed();
    let ends = graph.order.iter().filter_map(|field| expansion.end(*field));
    let resource = expansion.resource();
    let krate = model.options.krate(Span::mixed_site());
    quote! {
        const _: () = {
            use #krate::__private as __rt;
            #data
            #inherent
            #composed
            #(#ends)*
            #resource
        };
    }
}

struct Expansion<'a> {
    model: &'a Model<'a>,
    graph: &'a Graph,
    /// In the order of the graph.
    members: Vec<&'a Member<'a>>,
    /// The place of each field in that order.
    places: Vec<Option<usize>>,
    needed: Vec<bool>,
}

impl<'a> Expansion<'a> {
    fn new(model: &'a Model<'a>, graph: &'a Graph) -> Self {
        let mut places = vec![None; model.fields.len()];
        for (place, field) in graph.order.iter().enumerate() {
            places[*field] = Some(place);
        }
        let mut needed = vec![false; model.fields.len()];
        for dependency in graph.dependencies.iter().flatten() {
            if let Dependency::Field(field) = dependency {
                needed[*field] = true;
            }
        }
        Expansion {
            model,
            graph,
            members: graph
                .order
                .iter()
                .map(|field| &model.fields[*field])
                .collect(),
            places,
            needed,
        }
    }

    fn is_local(&self) -> bool {
        self.model.options.is_local()
    }

    /// A name of the runtime, or the one for what stays in its task.
    fn rt(&self, name: &str, local: &str, at: Span) -> TokenStream {
        let name = Ident::new(if self.is_local() { local } else { name }, at);
        quote_spanned!(at=> __rt::#name)
    }

    fn dependencies(&self, field: usize) -> &'a [Dependency] {
        &self.graph.dependencies[field]
    }

    // Output:
    //     const __MEMBERS: &[__rt::Member] = &[__rt::Member::new("db", &[], &[0]), ..];
    //     static __GRAPH: __rt::Graph = __rt::Graph::new("App", &["config"], __MEMBERS);
    fn data(&self) -> TokenStream {
        let options = &self.model.options;
        let name = options
            .name
            .get()
            .map_or_else(|| self.model.head.name.to_string(), syn::LitStr::value);
        let inputs = options.inputs.iter().map(|input| input.name.to_string());
        let members = self.graph.order.iter().map(|field| self.member(*field));
        let enter = budget("enter", options.enter_timeout.get().copied());
        let exit = budget("exit", options.exit_timeout.get().copied());
        quote! {
            const __MEMBERS: &[__rt::Member] = &[#(#members),*];
            static __GRAPH: __rt::Graph =
                __rt::Graph::new(#name, &[#(#inputs),*], __MEMBERS)#enter #exit;
        }
    }

    fn member(&self, field: usize) -> TokenStream {
        let member = &self.model.fields[field];
        let name = member.name.to_string();
        let (mut needs, mut takes) = (Vec::new(), Vec::new());
        for dependency in self.dependencies(field) {
            match dependency {
                Dependency::Input(input) => takes.push(Literal::usize_unsuffixed(*input)),
                Dependency::Field(field) => {
                    needs.extend(self.places[*field].map(Literal::usize_unsuffixed));
                }
            }
        }
        let (enter, exit) = match &member.role {
            Role::Entered(entered) => (entered.enter_timeout, entered.exit_timeout),
            _ => (None, None),
        };
        let (enter, exit) = (budget("enter", enter), budget("exit", exit));
        // As if it stood there: the place that errors show is that of the field, and not that of the attribute.
        let at = member.name.span();
        let new = quote_spanned!(at=> __rt::Member::new(#name, &[#(#needs),*], &[#(#takes),*]));
        quote!(#new #enter #exit)
    }

    fn inherent(&self) -> TokenStream {
        let Head { name, generics, .. } = &self.model.head;
        let (generics, types, clause) = generics.split_for_impl();
        let lifespan = self.lifespan();
        let plan = self.plan();
        quote! {
            impl #generics #name #types #clause {
                #lifespan
                #plan
            }
        }
    }

    fn lifespan(&self) -> TokenStream {
        let at = Span::mixed_site();
        let krate = self.model.options.krate(at);
        let docs = format!(
            " The life of the whole [`{}`]: nothing runs until it is scoped, entered or run.",
            self.model.head.name
        );
        let inputs = self.model.options.inputs.iter().map(|input| {
            let (name, ty) = (&input.name, &input.ty);
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

    fn block(&self) -> TokenStream {
        let slots: Vec<_> = self
            .members
            .iter()
            .map(|member| slot(member.name))
            .collect();
        let makes = self.graph.order.iter().zip(&slots).map(|(field, slot)| {
            let made = self.slot(*field);
            quote!(let #slot = #made;)
        });
        let lanes: Vec<_> = self
            .graph
            .order
            .iter()
            .map(|field| self.lane(*field))
            .collect();
        let lanes = tree(&lanes);
        let names: Vec<_> = self.members.iter().map(|member| member.name).collect();
        let values = tuple(&names);
        let slots = tuple(&slots);
        let fields = self.model.fields.iter().map(|field| field.name);
        quote! {
            #(#makes)*
            let __lanes = #lanes;
            let __entered = __rt::entered(__lanes).await;
            let __slots = #slots;
            __rt::made(__entered, __slots, move |#values| Self { #(#fields),* })
        }
    }

    // Output: `__rt::lent::<Db, _>(__GRAPH.at(0))`
    fn slot(&self, field: usize) -> TokenStream {
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
        quote_spanned!(at=> #slot::<#value, #closed>(__GRAPH.at(#place)))
    }

    /// What a field becomes on its way out, if that is not its own type.
    fn closed(&self, member: &Member<'_>) -> Option<TokenStream> {
        let Member { name, ty, role } = member;
        let at = Blame::on(ty).start;
        let Role::Entered(entered) = role else {
            let plain = self.rt("Plain", "PlainLocal", at);
            return Some(quote_spanned!(at=> #plain<#ty>));
        };
        let optional = self.rt("Optional", "OptionalLocal", at);
        match (entered.optional, entered.exit.is_some()) {
            (false, false) => None,
            (true, false) => {
                let some = Self::some(ty);
                Some(quote_spanned!(at=> #optional<#some>))
            }
            (is_optional, true) => {
                let value = if is_optional {
                    Self::some(ty)
                } else {
                    quote!(#ty)
                };
                let (beside, end) = (self.rt("Beside", "BesideLocal", at), end_name(name));
                let whole = self.whole();
                let beside = quote_spanned!(at=> #beside<#value, #end, #whole>);
                Some(if is_optional {
                    quote_spanned!(at=> #optional<#beside>)
                } else {
                    beside
                })
            }
        }
    }

    /// What is in an optional field.
    fn some(ty: &Type) -> TokenStream {
        let at = Blame::on(ty).start;
        quote_spanned!(at=> __rt::SomeOf<#ty>)
    }

    /// The type of the whole.
    fn whole(&self) -> TokenStream {
        let Head { name, generics, .. } = &self.model.head;
        let (_, types, _) = generics.split_for_impl();
        quote!(#name #types)
    }

    // Output: `__rt::enter(&__cache, (&config, __db.lend()), |(config, db)| ..)`
    fn lane(&self, field: usize) -> TokenStream {
        let member = &self.model.fields[field];
        let Some(closure) = member.role.closure() else {
            return TokenStream::new();
        };
        let at = Blame::on(&closure.expr).start;
        let method = match &member.role {
            Role::Entered(Entered { exit, optional, .. }) => match (exit.is_some(), optional) {
                (false, false) => "enter",
                (false, true) => "enter_optional",
                (true, false) => "enter_beside",
                (true, true) => "enter_optional_beside",
            },
            _ => "compute",
        };
        let (slot, method) = (slot(member.name), Ident::new(method, at));
        let given = self
            .dependencies(field)
            .iter()
            .map(|dependency| match dependency {
                Dependency::Input(input) => {
                    let name = &self.model.options.inputs[*input].name;
                    if closure.movement.is_some() {
                        quote!(__rt::Moved(#name))
                    } else {
                        quote!(&#name)
                    }
                }
                Dependency::Field(field) => {
                    let slot = self::slot(self.model.fields[*field].name);
                    quote!(#slot.lend())
                }
            });
        let make = make(closure);
        quote_spanned!(at=> __rt::#method(&#slot, (#(#given,)*), #make))
    }

    // Output:
    //     struct __EndOf_pool;
    //     impl __rt::Ends<PgPool, App> for __EndOf_pool {
    //         async fn end(__value: PgPool, __exit: &::lifespan::Exit) -> ::core::result::Result<(), ::lifespan::BoxError> {
    //             __rt::end(async |pool, exit| .., __value, __exit).await
    //         }
    //     }
    fn end(&self, field: usize) -> Option<TokenStream> {
        let Member { name, ty, role } = &self.model.fields[field];
        let Role::Entered(Entered {
            exit: Some(exit),
            optional,
            ..
        }) = role
        else {
            return None;
        };
        let at = Blame::on(exit).start;
        let krate = self.model.options.krate(at);
        let (generics, _, clause) = self.model.head.generics.split_for_impl();
        let (ends, end, whole) = (
            self.rt("Ends", "EndsLocal", at),
            end_name(name),
            self.whole(),
        );
        let value = if *optional {
            Self::some(ty)
        } else {
            quote!(#ty)
        };
        Some(quote_spanned! {at=>
            struct #end;
            impl #generics #ends<#value, #whole> for #end #clause {
                async fn end(
                    __value: #value,
                    __exit: &#krate::Exit,
                ) -> ::core::result::Result<(), #krate::BoxError> {
                    __rt::end(#exit, __value, __exit).await
                }
            }
        })
    }

    // Output:
    //     impl __rt::Composed for App {
    //         const GRAPH: &'static __rt::Graph = &__GRAPH;
    //         fn members(self) -> impl __rt::Members<__rt::Sendable> {
    //             (self.db, self.cache)
    //         }
    //     }
    fn composed(&self) -> TokenStream {
        let (generics, _, clause) = self.model.head.generics.split_for_impl();
        let at = Blame::on(self.model.head.name).start;
        let (whole, composed) = (self.whole(), self.rt("Composed", "ComposedLocal", at));
        let this = Token![self](Span::mixed_site());
        let values: Vec<_> = self
            .members
            .iter()
            .map(|member| {
                let name = member.name;
                match self.closed(member) {
                    None => quote!(#this.#name),
                    Some(closed) => quote!(<#closed as __rt::Closed<_>>::close(#this.#name)),
                }
            })
            .collect();
        // Of no members there is no expression: `clippy::unused_unit` would see it.
        let values = (!values.is_empty()).then(|| tuple(&values));
        let members = if self.is_local() {
            quote_spanned!(at=> fn members<'__a>(#this) -> impl __rt::Members<__rt::Local<'__a>> where Self: '__a)
        } else {
            quote_spanned!(at=> fn members(#this) -> impl __rt::Members<__rt::Sendable>)
        };
        quote! {
            impl #generics #composed for #whole #clause {
                const GRAPH: &'static __rt::Graph = &__GRAPH;
                #members {
                    #values
                }
            }
        }
    }

    fn plan(&self) -> TokenStream {
        let at = Span::mixed_site();
        let krate = self.model.options.krate(at);
        let vis = self.model.head.vis;
        let plan = self.rt("plan", "plan_local", at);
        let docs = format!(
            " What [`{}`] is made of, in which order, and how long that may take; nothing runs.",
            self.model.head.name
        );
        quote! {
            #[doc = #docs]
            #vis fn plan() -> #krate::Plan {
                #plan::<Self>()
            }
        }
    }

    fn resource(&self) -> TokenStream {
        let Head { name, generics, .. } = &self.model.head;
        let (generics, types, clause) = generics.split_for_impl();
        let at = Blame::on(name).start;
        let krate = self.model.options.krate(at);
        let (of_trait, method) = if self.is_local() {
            ("LocalResource", "exit_local")
        } else {
            ("ScopedResource", "exit")
        };
        let (of_trait, method) = (Ident::new(of_trait, at), Ident::new(method, at));
        let exit = self.rt("exit", "exit_local", at);
        let this = Token![self](at);
        let asked: Vec<_> = self
            .members
            .iter()
            .map(|member| {
                let name = member.name;
                match &member.role {
                    Role::Entered(entered) if entered.exit.is_none() => quote!(&#this.#name),
                    _ => quote!(__rt::Unasked),
                }
            })
            .collect();
        let asked = tuple(&asked);
        let abandon = self.is_local().then(|| {
            quote_spanned! {at=>
                fn __abandon(self, __abandoned: #krate::__private::Abandoned) {
                    __rt::abandon(self, &__abandoned);
                }
            }
        });
        quote_spanned! {at=>
            impl #generics #krate::#of_trait for #name #types #clause {
                async fn #method(
                    self,
                    __exit: &#krate::Exit,
                ) -> ::core::result::Result<(), #krate::BoxError> {
                    #exit(self, __exit).await
                }
                fn policy() -> #krate::Policy {
                    __GRAPH.policy::<Self>()
                }
                fn __what() -> __rt::What {
                    __rt::What::Nested(Self::plan())
                }
                fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
                    __rt::failing(&__GRAPH, __failing, #asked);
                }
                #abandon
            }
        }
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
    let names = params.iter().map(
        |Param {
             mutability, name, ..
         }| quote!(#mutability #name),
    );
    let types = params.iter().any(|param| param.ty.is_some()).then(|| {
        let types = params.iter().map(|param| {
            param
                .ty
                .as_ref()
                .map_or_else(|| quote!(_), ToTokens::to_token_stream)
        });
        quote!(: (#(#types,)*))
    });
    quote!(#asyncness |(#(#names,)*) #types| #expr)
}

fn budget(method: &str, budget: Option<Budget>) -> Option<TokenStream> {
    let at = Span::mixed_site();
    let method = Ident::new(method, at);
    budget.map(|budget| {
        let time = budget.tokens(at);
        if budget == Budget::Unlimited {
            quote!(.#method(#time))
        } else {
            quote!(.#method(::core::option::Option::Some(#time)))
        }
    })
}

fn slot(name: &Ident) -> Ident {
    format_ident!("__{}", name, span = ours(name.span()))
}

fn end_name(name: &Ident) -> Ident {
    format_ident!("__EndOf_{}", name, span = ours(name.span()))
}

/// A tuple of up to eight, of tuples, ..
fn tuple<T: ToTokens>(items: &[T]) -> TokenStream {
    if items.len() <= TUPLE {
        return match items {
            [] => quote!(()),
            items => quote!((#(#items,)*)),
        };
    }
    let mut size = TUPLE;
    while size * TUPLE < items.len() {
        size *= TUPLE;
    }
    let parts: Vec<_> = items.chunks(size).map(tuple).collect();
    tuple(&parts)
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
