//! What is generated: data and calls. The control flow is in the runtime crate.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Token;

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
//                 let __block = async move {
//                     let __db = __rt::lent::<Db, _>(__GRAPH.at(0), __rt::own);
//                     let __cache = __rt::leaf::<Cache, _>(__GRAPH.at(1), __rt::own);
//                     let __lanes = __rt::two(
//                         __rt::enter(&__db, (__rt::Input(&config),), |(config,)| Db::open(&config.url)),
//                         __rt::enter(&__cache, (__rt::Input(&config), __db.lend()), |(config, db)| ..),
//                     );
//                     let __entered = __rt::entered(__lanes).await;
//                     let __slots = (__db, __cache);
//                     __rt::made(__entered, __slots, |(db, cache)| Self { db, cache })
//                 };
//                 __rt::lifespan(&__GRAPH, __block)
//             }
//             pub fn plan() -> ::lifespan::Plan {
//                 __rt::plan::<(Db, Cache)>(&__GRAPH)
//             }
//         }
//         impl ::lifespan::ScopedResource for App {
//             async fn exit(self, exit: &::lifespan::Exit) -> ::core::result::Result<(), ::lifespan::BoxError> {
//                 let __members = (__rt::One(self.db), __rt::One(self.cache));
//                 __rt::exit(&__GRAPH, exit, __members).await
//             }
//             fn policy() -> ::lifespan::Policy { __GRAPH.policy::<Self>() }
//             fn __kind() -> __rt::DraftKind { __rt::DraftKind::Nested(Self::plan()) }
//         }
//     };
pub(super) fn lifespan(model: &Model<'_>, graph: &Graph) -> TokenStream {
    let expansion = Expansion::new(model, graph);
    let data = expansion.data();
    let inherent = expansion.inherent();
    let end = expansion.end();
    let krate = model.options.krate(Span::mixed_site());
    quote! {
        const _: () = {
            use #krate::__private as __rt;
            #data
            #inherent
            #end
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
        let at = ours(member.name.span());
        let new = quote_spanned!(at=> __rt::Member::new(#name, &[#(#needs),*], &[#(#takes),*]));
        quote!(#new #enter #exit)
    }

    fn inherent(&self) -> TokenStream {
        let Head { name, generics, .. } = &self.model.head;
        let (generics, types, clause) = generics.split_for_impl();
        let lifespan = self.lifespan();
        let plan = self.plan();
        let exits = self
            .graph
            .order
            .iter()
            .filter_map(|field| self.exit_beside(*field));
        quote! {
            impl #generics #name #types #clause {
                #lifespan
                #plan
                #(#exits)*
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
                let __block = async move { #block };
                #describe(&__GRAPH, __block)
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
            __rt::made(__entered, __slots, |#values| Self { #(#fields),* })
        }
    }

    // Output: `__rt::lent::<Db, _>(__GRAPH.at(0), __rt::own)`
    fn slot(&self, field: usize) -> TokenStream {
        let Member { ty, role, .. } = &self.model.fields[field];
        let blame = Blame::on(ty);
        let at = blame.start;
        let slot = match (self.needed[field], self.is_local()) {
            (true, false) => quote_spanned!(at=> __rt::lent),
            (true, true) => quote_spanned!(at=> __rt::lent_local),
            (false, _) => quote_spanned!(at=> __rt::leaf),
        };
        let close = match role {
            Role::Entered(entered) if entered.exit.is_some() => {
                let exit = exit_name(self.model.fields[field].name);
                quote_spanned!(at=> Self::#exit)
            }
            Role::Entered(entered) if entered.optional => self.rt("Optional", "OptionalLocal", at),
            Role::Value(_) => self.rt("Plain", "PlainLocal", at),
            _ => self.rt("own", "own_local", at),
        };
        let place = self.places[field].map(Literal::usize_unsuffixed);
        quote_spanned!(at=> #slot::<#ty, _>(__GRAPH.at(#place), #close))
    }

    // Output: `__rt::enter(&__cache, (__rt::Input(&config), __db.lend()), |(config, db)| ..)`
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
                        quote!(__rt::Input(&#name))
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
    //     fn __lifespan_exit_pool(value: PgPool) -> __rt::Resource<PgPool> {
    //         __rt::ending(value, async |pool, exit| ..)
    //     }
    fn exit_beside(&self, field: usize) -> Option<TokenStream> {
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
        let ending = self.rt("ending", "ending_local", at);
        let function = exit_name(name);
        let value = if *optional {
            quote!(<#ty as __rt::AnOption>::Some)
        } else {
            quote!(#ty)
        };
        let resource = if self.is_local() {
            let impl_ = Token![impl](Span::mixed_site());
            quote!(#impl_ __rt::LocalResource + __rt::Beside<#value>)
        } else {
            quote!(__rt::Resource<#value>)
        };
        Some(if *optional {
            let maybe = self.rt("Optional", "OptionalLocal", at);
            quote! {
                fn #function(value: #ty) -> #maybe<#resource> {
                    #maybe(value.map(|value| #ending(value, #exit)))
                }
            }
        } else {
            quote! {
                fn #function(value: #ty) -> #resource {
                    #ending(value, #exit)
                }
            }
        })
    }

    fn plan(&self) -> TokenStream {
        let krate = self.model.options.krate(Span::mixed_site());
        let vis = self.model.head.vis;
        let docs = format!(
            " What [`{}`] is made of, in which order, and how long that may take; nothing runs.",
            self.model.head.name
        );
        let members: Vec<_> = self
            .members
            .iter()
            .map(|member| self.described(member))
            .collect();
        let members = tuple(&members);
        quote! {
            #[doc = #docs]
            #[allow(dead_code)]
            #vis fn plan() -> #krate::Plan {
                __rt::plan::<#members>(&__GRAPH)
            }
        }
    }

    /// The type whose policy the member has.
    fn described(&self, member: &Member<'_>) -> TokenStream {
        let ty = member.ty;
        let beside = |ty| {
            if self.is_local() {
                quote!(__rt::ResourceLocal<'_, #ty>)
            } else {
                quote!(__rt::Resource<#ty>)
            }
        };
        match &member.role {
            Role::Entered(entered) if entered.exit.is_none() => quote!(#ty),
            Role::Entered(entered) if entered.optional => {
                let resource = beside(quote!(<#ty as __rt::AnOption>::Some));
                quote!(::core::option::Option<#resource>)
            }
            Role::Entered(_) => beside(quote!(#ty)),
            _ => {
                let plain = self.rt("Plain", "PlainLocal", Span::mixed_site());
                quote!(#plain<#ty>)
            }
        }
    }

    fn end(&self) -> TokenStream {
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
        let members: Vec<_> = self
            .graph
            .order
            .iter()
            .map(|field| self.ended(*field))
            .collect();
        let members = tuple(&members);
        let abandon = self.is_local().then(|| {
            quote_spanned! {at=>
                fn __abandon(self, __abandoned: __rt::Abandoned) {
                    __rt::abandon(&__GRAPH, __abandoned, #members)
                }
            }
        });
        quote_spanned! {at=>
            impl #generics #krate::#of_trait for #name #types #clause {
                async fn #method(
                    self,
                    __exit: &#krate::Exit,
                ) -> ::core::result::Result<(), #krate::BoxError> {
                    let __members = #members;
                    #exit(&__GRAPH, __exit, __members).await
                }
                fn policy() -> #krate::Policy {
                    __GRAPH.policy::<Self>()
                }
                fn __kind() -> __rt::DraftKind {
                    __rt::DraftKind::Nested(Self::plan())
                }
                #abandon
            }
        }
    }

    // Output: `__rt::One(self.db)`
    fn ended(&self, field: usize) -> TokenStream {
        let Member { name, role, .. } = &self.model.fields[field];
        let at = Span::mixed_site();
        let this = Token![self](at);
        let value = quote!(#this.#name);
        let ended = match role {
            Role::Entered(entered) if entered.exit.is_some() => {
                let exit = exit_name(name);
                quote!(Self::#exit(#value))
            }
            Role::Entered(entered) if entered.optional => {
                let maybe = self.rt("Optional", "OptionalLocal", at);
                quote!(#maybe(#value))
            }
            Role::Value(_) => {
                let plain = self.rt("Plain", "PlainLocal", at);
                quote!(#plain(#value))
            }
            _ => value,
        };
        quote!(__rt::One(#ended))
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
        let types = params.iter().map(|param| match &param.ty {
            Some(ty) => quote!(#ty),
            None => quote!(_),
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
        match budget {
            Budget::Unlimited => quote!(.#method(#time)),
            _ => quote!(.#method(::core::option::Option::Some(#time))),
        }
    })
}

fn slot(name: &Ident) -> Ident {
    format_ident!("__{}", name, span = ours(name.span()))
}

fn exit_name(name: &Ident) -> Ident {
    format_ident!("__lifespan_exit_{}", name, span = ours(name.span()))
}

/// A tuple of up to eight, of tuples, ..
fn tuple<T: quote::ToTokens>(items: &[T]) -> TokenStream {
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
