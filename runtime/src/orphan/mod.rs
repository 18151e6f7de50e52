//! What becomes of an exit whose scope or guard was dropped (law 3): a [`watch`] collects it as a [`job`]; the scope around
//! adopts it, or it is [rescued](rescue) in a task of its own, and
//! [`drain`](rescue::drain) waits for that (law 4).

pub(crate) mod job;
pub(crate) mod rescue;
pub(crate) mod watch;
