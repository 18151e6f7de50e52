//! Cancellation that unwinds: the tree of what can be cancelled, and where in it the running code is (laws 13–17).
//!
//! Every scope that runs inside of a cancel scope is one of the [`children`] of what it runs in: a [`node`], or only a seat there while
//! nothing is live inside of it. Its [`place`] says which, and is in a thread-local while it is polled; [`current`] is what the code asks
//! and says there. A [`cancellation`] says why a node was cancelled. Nothing here runs a future: [`scope`](crate::scope) does, and asks
//! here whether it may drop a body.

pub(crate) mod cancellation;
pub(crate) mod children;
pub(crate) mod current;
pub(crate) mod death;
pub(crate) mod node;
pub(crate) mod place;
