//! What is generated: data and calls. The control flow is in the runtime crate.

mod data;
mod enter;
mod exit;
pub(super) mod unread;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse_quote_spanned;

use super::graph::Graph;
use super::model::{Dependency, Member, Model};
use crate::attributes::{self, Place};
use crate::blame::{Blame, ours};
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
// Output, beside the struct: as in `macros/tests/expansions/lifespan_of_three.rs`.
pub(super) fn lifespan(model: &Model<'_>, graph: &Graph) -> TokenStream {
    let expansion = Expansion::new(model, graph);
    let (composed, inherent) = (expansion.composed(), expansion.inherent());
    let ends = graph.order.iter().filter_map(|field| expansion.end(*field));
    let resource = expansion.resource();
    let (krate, local) = (model.options.krate(Span::mixed_site()), expansion.is_local());
    let kind = Ident::new(if local { "Local" } else { "Sendable" }, Span::mixed_site());
    let lints = attributes::of(Place::Impl, model.head.attrs);
    quote! {
        #(#lints)*
        const _: () = {
            use #krate::__private::{self as __rt, #kind as __K};
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
        // What is generic and does not say so is wrong where a member is of it, and only there.
        if subject.is_static {
            let at = Blame::on(model.head.name).start;
            let bound = parse_quote_spanned!(at=> Self: ::core::marker::Send + 'static);
            subject.generics.make_where_clause().predicates.push(bound);
            subject.is_static = false;
        }
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
