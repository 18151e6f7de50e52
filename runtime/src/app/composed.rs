//! [`Composed`]: what generated code says of a lifespan: its graph, and lists of its fields.

use super::asking::Asking;
use super::parts::Parts;
use crate::lifespan::kind::{Local, Sendable};
use crate::plan::graph::Graph;
use crate::resource::failing::Failing;

/// A lifespan that is described by a graph.
pub trait Composed: Sized {
    /// What it is made of.
    const GRAPH: &'static Graph;

    /// Gives its fields to their exits, in the order of the graph.
    fn __part(self, parts: &mut Parts<'_, Sendable>);

    /// Asks those of its fields that may fail to tell if they do.
    fn __ask(&self, asking: &mut Asking<'_, '_>);
}

/// As [`Composed`], for members that stay in their task.
pub trait ComposedLocal: Sized {
    /// What it is made of.
    const GRAPH: &'static Graph;

    /// Gives its fields to their exits, in the order of the graph.
    fn __part<'a>(self, parts: &mut Parts<'_, Local<'a>>)
    where
        Self: 'a;

    /// Asks those of its fields that may fail to tell if they do.
    fn __ask(&self, asking: &mut Asking<'_, '_>);
}

/// What a lifespan is made of.
#[must_use]
pub fn graph<T: Composed>() -> &'static Graph {
    T::GRAPH
}

/// As [`graph`], for members that stay in their task.
#[must_use]
pub fn graph_local<T: ComposedLocal>() -> &'static Graph {
    T::GRAPH
}

/// Asks each member, as who it is itself.
pub fn failing<A: Composed>(whole: &A, failing: &mut Failing<'_>) {
    whole.__ask(&mut Asking::new(A::GRAPH, failing));
}

/// As [`failing`], for members that stay in their task.
pub fn failing_local<A: ComposedLocal>(whole: &A, failing: &mut Failing<'_>) {
    whole.__ask(&mut Asking::new(A::GRAPH, failing));
}
