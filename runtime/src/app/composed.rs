//! [`Composed`]: what generated code says of a lifespan: its graph, and lists of its fields.

use super::parts::Parts;
use super::role::Role;
use crate::lifespan::kind::Kind;
use crate::plan::Plan;
use crate::plan::graph::{Budgets, Graph, GraphMember, UNSAID};
use crate::resource::failing::Failing;

/// A lifespan that is described by a graph, with members of this kind.
pub trait Composed<K: Kind>: Sized {
    /// What plans call it.
    const NAME: &'static str;

    /// What it is made of.
    const INPUTS: &'static [&'static str];

    /// In an order in which they could enter.
    const MEMBERS: &'static [GraphMember];

    /// How long all of it may take.
    const BUDGETS: Budgets = UNSAID;

    /// All of that.
    const GRAPH: &'static Graph = &Graph {
        name: Self::NAME,
        inputs: Self::INPUTS,
        members: Self::MEMBERS,
        budgets: Self::BUDGETS,
    };

    /// Gives its fields to their exits, in the order of the graph.
    fn __part(self, parts: &mut Parts<'_, K>);
}

/// What a lifespan is made of.
#[must_use]
pub fn graph<T: Composed<K>, K: Kind>() -> &'static Graph {
    T::GRAPH
}

/// The plan of a lifespan.
#[must_use]
pub fn plan<T: Composed<K>, K: Kind>() -> Plan {
    Plan::of(T::GRAPH)
}

/// The members of an entered lifespan that may fail, asked to tell if they do, each as who it is itself (law 21).
pub struct Asking<'a, 'f> {
    graph: &'static Graph,
    failing: &'a mut Failing<'f>,
}

/// Asks the members of a lifespan.
pub fn asking<'a, 'f, T: Composed<K>, K: Kind>(failing: &'a mut Failing<'f>) -> Asking<'a, 'f> {
    Asking { graph: T::GRAPH, failing }
}

impl Asking<'_, '_> {
    /// The member at this place of the graph.
    // Out of line: there is one for each type, and a call for each member.
    #[inline(never)]
    pub fn member<V, R, K: Kind>(&mut self, at: usize, role: Role<V, R, K>, value: &V) {
        let entry = self.failing.parts().and_then(|entries| entries.get(at).cloned());
        let entry = entry.unwrap_or_else(|| self.graph.at(at).entry());
        (role.ask)(value, &mut self.failing.of(&entry));
    }
}
