//! What runs in a task of its own and has ended when its scope has: a [`service`], the children of a [`group`], the
//! resource of an [`owner`].

pub(crate) mod group;
pub(crate) mod owner;
pub(crate) mod service;
