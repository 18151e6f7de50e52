//! What becomes of an exit whose scope or guard was dropped (law 3): a [`collector`] collects it as an [`orphan_exit`]; the scope around
//! adopts it, or it is [rescued](rescue) in a task of its own, run one after the other as [`exits`], which [`drain`](mod@drain)
//! waits for (law 4). The [`ledger`] has all that is waited for, the owners that are asked to end among it: an [`owner_entry`] for
//! each. [`blocking`](mod@blocking) is what cannot be stopped at all.

pub(crate) mod blocking;
pub(crate) mod collector;
pub(crate) mod drain;
pub(crate) mod exits;
pub(crate) mod ledger;
pub(crate) mod orphan_exit;
pub(crate) mod owner_entry;
pub(crate) mod rescue;
