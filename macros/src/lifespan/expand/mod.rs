//! What is generated: data and calls. The control flow is in the runtime crate.

mod data;
mod enter;
mod exit;
pub(super) mod unread;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;

use super::graph::Graph;
use super::model::{Dependency, Head, Member, Model};
use crate::attributes::{self, Place};
use crate::blame::ours;

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
//         impl __rt::Composed for App {
//             const GRAPH: &'static __rt::Graph = {
//                 const MEMBERS: &[__rt::Member] =
//                     &[__rt::Member::new("db", &[], &[0]), __rt::Member::new("cache", &[0], &[0])];
//                 static GRAPH: __rt::Graph = __rt::Graph::new("App", &["config"], MEMBERS);
//                 &GRAPH
//             };
//             fn __members(self) -> impl __rt::Members<__rt::Sendable> {
//                 let Self { db: __db, cache: __cache } = self;
//                 (__db, __cache)
//             }
//         }
//         impl App {
//             pub fn lifespan(config: Config) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
//                 __rt::lifespan(async move {
//                     let __slot_db = __rt::lent::<Db, _>(__rt::graph::<Self>().at(0));
//                     let __slot_cache = __rt::leaf::<Cache, _>(__rt::graph::<Self>().at(1));
//                     let __lanes = __rt::two(
//                         __rt::enter(&__slot_db, (&config,), |(config,)| Db::open(&config.url)),
//                         __rt::enter(&__slot_cache, (&config, __slot_db.lend()), |(config, db)| ..),
//                     );
//                     let __entered = __rt::entered(__lanes).await;
//                     let __slots = (__slot_db, __slot_cache);
//                     __rt::made(__entered, __slots, move |(__db, __cache)| Self { db: __db, cache: __cache })
//                 })
//             }
//             pub fn plan() -> ::lifespan::Plan {
//                 __rt::plan::<Self>()
//             }
//         }
//         impl ::lifespan::ScopedResource for App {
//             async fn exit(self, __exit: &::lifespan::Exit) -> ::core::result::Result<(), ::lifespan::BoxError> {
//                 __rt::exit(self, __exit).await
//             }
//             fn policy() -> ::lifespan::Policy { __rt::graph::<Self>().policy::<Self>() }
//             fn __what() -> __rt::What { __rt::What::Nested(Self::plan()) }
//             fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
//                 __rt::failing(__rt::graph::<Self>(), __failing, (&self.db, &self.cache));
//             }
//             fn __lose(self, __abandoned: ::lifespan::__private::Abandoned) {
//                 __rt::lose(self, &__abandoned);
//             }
//         }
//     };
pub(super) fn lifespan(model: &Model<'_>, graph: &Graph) -> TokenStream {
    let expansion = Expansion::new(model, graph);
    let inherent = expansion.inherent();
    let composed = expansion.composed();
    let ends = graph.order.iter().filter_map(|field| expansion.end(*field));
    let resource = expansion.resource();
    let krate = model.options.krate(Span::mixed_site());
    let lints = attributes::of(Place::Impl, model.head.attrs);
    quote! {
        #(#lints)*
        const _: () = {
            use #krate::__private as __rt;
            #composed
            #inherent
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
            members: graph.order.iter().map(|field| &model.fields[*field]).collect(),
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

    fn inherent(&self) -> TokenStream {
        let Head { name, generics, .. } = &self.model.head;
        let (generics, types, clause) = generics.split_for_impl();
        let lifespan = self.lifespan();
        let plan = self.plan();
        let order = self.graph.order.iter();
        let ends = order.filter_map(|field| self.end_in_place(*field));
        quote! {
            impl #generics #name #types #clause {
                #lifespan
                #plan
                #(#ends)*
            }
        }
    }

    /// A local variable that no input has the name of: both are in sight of generated code alone.
    fn local(&self, name: &str, at: Span) -> Ident {
        let mut name = format!("__{name}");
        while self.model.options.inputs.iter().any(|input| input.name == name) {
            name.insert(0, '_');
        }
        Ident::new(&name, ours(at))
    }

    /// The value of a field. With a name of its own: it would be a pattern if the user had an item of the field's.
    fn value_name(&self, field: &Ident) -> Ident {
        self.local(&format!("{}", field.unraw()), field.span())
    }

    // Output: `__rt::graph::<Self>()`
    fn graph_of_self(&self, at: Span) -> TokenStream {
        let graph = self.rt("graph", "graph_local", at);
        quote_spanned!(at=> #graph::<Self>())
    }

    /// The type of the whole.
    fn whole(&self) -> TokenStream {
        let Head { name, generics, .. } = &self.model.head;
        let (_, types, _) = generics.split_for_impl();
        quote!(#name #types)
    }
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
