//! Cancellation that unwinds: the tree of what can be cancelled, and where in it the running code is (laws 13–17).
//!
//! Every scope that runs inside of a cancel scope is a [`node`] below it, one of its [`children`]; [`current`] says which node the code on this
//! thread is in; a [`cancellation`] says why one was cancelled. Nothing here runs a future: [`scope`](crate::scope) does,
//! and asks here whether it may drop a body.

pub(crate) mod cancellation;
pub(crate) mod children;
pub(crate) mod current;
pub(crate) mod death;
pub(crate) mod node;
pub(crate) mod place;
