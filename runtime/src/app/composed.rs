//! [`Composed`]: what generated code says of a lifespan: its graph, and lists of its fields.

use super::asking::Asking;
use super::parts::Parts;
use crate::lifespan::kind::Kind;
use crate::plan::graph::Graph;
use crate::resource::failing::Failing;

/// A lifespan that is described by a graph, with members of this kind.
pub trait Composed<K: Kind>: Sized {
    /// What it is made of.
    const GRAPH: &'static Graph;

    /// Gives its fields to their exits, in the order of the graph.
    fn __part(self, parts: &mut Parts<'_, K>);

    /// Asks those of its fields that may fail to tell if they do.
    fn __ask(&self, asking: &mut Asking<'_, '_>);
}

/// What a lifespan is made of.
#[must_use]
pub fn graph<T: Composed<K>, K: Kind>() -> &'static Graph {
    T::GRAPH
}

/// Asks each member, as who it is itself.
pub fn failing<A: Composed<K>, K: Kind>(whole: &A, failing: &mut Failing<'_>) {
    whole.__ask(&mut Asking::new(A::GRAPH, failing));
}
