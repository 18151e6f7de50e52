//! What becomes of an exit whose scope or guard was dropped (law 3): a [`watch`] collects it as a [`job`]; the scope around
//! adopts it and keeps it [`aside`](mod@aside) of its own exit, or it is [rescued](rescue) in a task of its own, and
//! [`drain`](rescue::drain) waits for that (law 4).

pub(crate) mod aside;
pub(crate) mod job;
pub(crate) mod rescue;
pub(crate) mod watch;
