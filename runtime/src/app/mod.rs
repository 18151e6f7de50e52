//! A lifespan that is described by a graph: each member is entered as soon as all that it needs is, exits when all that
//! needs it have, in one task, without a spawn (laws 7, 18 and 19).
//!
//! The attribute `#[lifespan]` generates data, the [`graph`], and calls: each member has a [`slot`], which holds it when it is
//! entered, as something [`stored`], and lends it to those that need it; [`given`] is what a member is made from, [`next`] what
//! makes its lifespan of that, [`member`] how it is entered; [`resources`] are what members are that are none by themselves.
//! [`lifespan`] makes the description of the whole, [`exit`] ends it, [`failing`] has its members tell if they fail, [`plan`]
//! tells about it before it runs.

use self::exit::Members;
use crate::compose::graph::Graph;
use crate::compose::kind::{Local, Sendable};

pub(crate) mod exit;
pub(crate) mod failing;
pub(crate) mod given;
pub(crate) mod lifespan;
pub(crate) mod member;
pub(crate) mod next;
pub(crate) mod plan;
#[cfg(test)]
mod random;
pub(crate) mod resources;
pub(crate) mod slot;
pub(crate) mod stored;

/// A lifespan that is described by a graph.
pub trait Composed: Sized {
    /// What it is made of.
    const GRAPH: &'static Graph;

    /// Its fields, each with what ends it, in the order of the graph, as tuples in tuples.
    fn __members(self) -> impl Members<Sendable>;
}

/// As [`Composed`], for members that stay in their task.
pub trait ComposedLocal: Sized {
    /// What it is made of.
    const GRAPH: &'static Graph;

    /// Its fields, each with what ends it, in the order of the graph, as tuples in tuples.
    fn __members<'a>(self) -> impl Members<Local<'a>>
    where
        Self: 'a;
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
