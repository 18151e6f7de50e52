//! A lifespan that is described by a graph: each member is entered as soon as all that it needs is, exits when all that
//! needs it have, in one task, without a spawn (laws 7, 18 and 19).
//!
//! The attribute `#[lifespan]` generates data, the [`graph`](crate::plan::graph), and flat lists, with one line for each member.
//! A member has a [`slot`], which holds it when it is entered and lends it to those that need it;
//! [`member`] says how it is entered, and its [`role`] what its type has to do with that. [`resources`] are what members are that
//! are none by themselves, [`with_end`] the enter of one whose end is beside it. [`lifespan`] makes the description of the whole,
//! [`composed`] is what generated code says of it, and has its members tell if they fail; [`exit`] ends it by its [`parts`].

#![allow(missing_debug_implementations, reason = "only generated code has them")]

pub(crate) mod composed;
pub(crate) mod exit;
pub(crate) mod lifespan;
pub(crate) mod member;
pub(crate) mod parts;
#[cfg(test)]
mod random;
pub(crate) mod resources;
pub(crate) mod role;
pub(crate) mod slot;
pub(crate) mod with_end;
