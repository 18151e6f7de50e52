//! Resources that many use and that come and go: by key in a [`map`], or [`shared`] by whoever holds a lease.

pub(crate) mod map;
pub(crate) mod shared;
