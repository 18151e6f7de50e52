//! What runs in a task of its own and has ended when its scope has: a [`service`], the children of a [`group`], the
//! resource of an [`owner`].
//!
//! [`spawned`] is the life that a spawned task has, [`ladder`] how it is brought to its end, [`ready`] how it says that it is ready.

pub(crate) mod group;
pub(crate) mod ladder;
pub(crate) mod owner;
pub(crate) mod ready;
pub(crate) mod service;
pub(crate) mod spawned;
