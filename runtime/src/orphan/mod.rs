//! What becomes of an exit whose scope or guard was dropped (law 3): a [`collector`] collects it as a [`orphan_exit`]; the scope around
//! adopts it, or it is [rescued](rescue) in a task of its own, and
//! [`drain`](rescue::drain) waits for that (law 4).

pub(crate) mod collector;
pub(crate) mod orphan_exit;
pub(crate) mod rescue;
