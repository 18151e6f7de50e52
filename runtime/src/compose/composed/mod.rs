//! A lifespan that is described by a graph: each member is entered as soon as all that it needs is, exits when all that
//! needs it have, in one task, without a spawn (laws 7, 18 and 19).
//!
//! The attribute `#[lifespan]` generates data, the [`graph`], and calls: each member has a [`slot`], which holds it when it is
//! entered and lends it to those that need it; [`given`] is what a member is made from, [`member`] how it is entered.
//! [`lifespan`] makes the description of the whole, [`exit`] ends it, [`plan`] tells about it before it runs.

pub(crate) mod exit;
pub(crate) mod given;
pub(crate) mod graph;
pub(crate) mod lifespan;
pub(crate) mod member;
pub(crate) mod plan;
pub(crate) mod resources;
pub(crate) mod slot;
