//! What is generated: data and calls. The control flow is in the runtime crate.

mod data;
mod enter;
mod exit;
pub(super) mod unread;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::graph::Graph;
use super::model::{Dependency, Member, Model};
use crate::attributes::{self, Place};
use crate::blame::ours;
use crate::subject::Subject;

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
//         use ::lifespan::__private::{self as __rt, Sendable as __Kind};
//         struct __Slots<__0> {
//             cache: __rt::LeafSlot<Cache, __Kind>,
//             db: __rt::LentSlot<Db, __Kind>,
//             config: Option<__0>,
//         }
//         impl __rt::Composed<__Kind> for App {
//             const GRAPH: &'static __rt::Graph = &__rt::Graph::new(
//                 "App",
//                 &["config"],
//                 &[
//                     __rt::member("db", &[], &[0], __rt::resource::<Db, __Kind>()),
//                     __rt::member("cache", &[0], &[0], __rt::resource::<Cache, __Kind>()),
//                 ],
//             );
//             fn __part(self, __parts: &mut __rt::Parts<'_, __Kind>) {
//                 let Self { db: __db, cache: __cache } = self;
//                 __parts.member(__rt::resource::<Db, __Kind>(), __db);
//                 __parts.member(__rt::resource::<Cache, __Kind>(), __cache);
//             }
//             fn __ask(&self, __asking: &mut __rt::Asking<'_, '_>) {
//                 __asking.member(0, __rt::resource::<Db, __Kind>(), &self.db);
//                 __asking.member(1, __rt::resource::<Cache, __Kind>(), &self.cache);
//             }
//         }
//         impl App {
//             pub fn lifespan(config: Config) -> __rt::Lifespan<Self, impl __rt::Enter<Self>> {
//                 __rt::lifespan::<_, _, __Kind, _>(
//                     __Slots {
//                         cache: __rt::leaf(__rt::resource::<Cache, __Kind>()),
//                         db: __rt::lent(__rt::resource::<Db, __Kind>()),
//                         config: Some(config),
//                     },
//                     [
//                         |__s, __m| {
//                             let config = __rt::given(&__s.config);
//                             __rt::enter(&__s.db, __m, Db::open(&config.url))
//                         },
//                         |__s, __m| {
//                             let config = __rt::given(&__s.config);
//                             let db = __rt::get(&__s.db);
//                             __rt::enter(&__s.cache, __m, Cache::warm(config.size, db.pool()))
//                         },
//                     ],
//                     |__s, __each| {
//                         __each(&mut __s.db);
//                         __each(&mut __s.cache);
//                     },
//                     |__s| Self { db: __rt::value(&mut __s.db), cache: __rt::value(&mut __s.cache) },
//                 )
//             }
//             pub fn plan() -> ::lifespan::Plan {
//                 __rt::plan::<Self, __Kind>()
//             }
//         }
//         impl ::lifespan::ScopedResource for App {
//             async fn exit(self, __exit: &::lifespan::Exit) -> __rt::ExitResult {
//                 __rt::exit(self, __exit).await
//             }
//             fn policy() -> ::lifespan::Policy { __rt::graph::<Self, __Kind>().policy::<Self>() }
//             fn __what() -> __rt::What { __rt::What::Nested(__rt::graph::<Self, __Kind>()) }
//             fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
//                 __rt::failing(self, __failing);
//             }
//             fn __lose(self, __abandoned: ::lifespan::__private::Origin) {
//                 __rt::lose(self, &__abandoned);
//             }
//         }
//     };
pub(super) fn lifespan(model: &Model<'_>, graph: &Graph) -> TokenStream {
    let expansion = Expansion::new(model, graph);
    let inherent = expansion.inherent();
    let (slots, composed) = (expansion.slots_type(), expansion.composed());
    let ends = graph.order.iter().filter_map(|field| expansion.end(*field));
    let resource = expansion.resource();
    let (krate, local) = (model.options.krate(Span::mixed_site()), expansion.is_local());
    let kind = Ident::new(if local { "Local" } else { "Sendable" }, Span::mixed_site());
    let lints = attributes::of(Place::Impl, model.head.attrs);
    quote! {
        #(#lints)*
        const _: () = {
            use #krate::__private::{self as __rt, #kind as __Kind};
            #slots
            #composed
            #inherent
            #(#ends)*
            #resource
        };
    }
}

struct Expansion<'a> {
    model: &'a Model<'a>,
    subject: Subject<'a>,
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
        let mut subject = Subject::of(&[], model.head.name, &model.head.generics, &model.options);
        subject.result = Some(quote!(__rt::ExitResult));
        // Here a member says it, or the trait.
        subject.is_static = false;
        Expansion {
            model,
            subject,
            graph,
            members: graph.order.iter().map(|field| &model.fields[*field]).collect(),
            places,
            needed,
        }
    }

    fn is_local(&self) -> bool {
        self.subject.local
    }

    fn dependencies(&self, field: usize) -> &'a [Dependency] {
        &self.graph.dependencies[field]
    }

    fn inherent(&self) -> TokenStream {
        let (lifespan, plan) = (self.lifespan(), self.plan());
        self.subject.inherent(&quote!(#lifespan #plan))
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
}
