//! One scope: enter, body, exit, in one task, on every path out (laws 1–7).
//!
//! The generic parts store and forward; what decides is compiled once. User code is a [`code`], which [`drive`] polls so that neither
//! its panic nor what it abandons escapes; a [`limit`] may ask it to stop, and [`stopping`] says when it may be dropped then.
//! [`enter_then`] is an enter and what follows; [`held`] makes sure that an entered resource is exited or reported; [`run`] is a
//! [`body`], perhaps in a [`body_region`] of its own, and the way out of it; [`exiting`] is an exit. What goes wrong on the way is set
//! aside in a [`side`]. A [`tie`] keeps the whole in one task and in the cancel scope around it; when that is dropped from outside, a
//! [`drop_collector`] keeps in one piece what it abandons, and [`abandon`] is what becomes of a resource then, whose
//! type is forgotten: it is [`detached`].

pub(crate) mod abandon;
pub(crate) mod body;
pub(crate) mod body_region;
pub(crate) mod caught;
pub(crate) mod code;
pub(crate) mod detached;
pub(crate) mod drive;
pub(crate) mod drop_collector;
pub(crate) mod enter_then;
pub(crate) mod exiting;
pub(crate) mod held;
pub(crate) mod limit;
pub(crate) mod run;
pub(crate) mod side;
pub(crate) mod stopping;
pub(crate) mod tie;
