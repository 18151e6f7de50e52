//! A resource in a task of its own: used and closed from anywhere, entered and exited there (laws 1, 3, 4, 8, 12, 21).
//!
//! What hand-made owner tasks get wrong has a test each: a cancelled connect that is never cleaned up, a reconnect before the old
//! one is closed, closes that overlap and hang, a worker that swallows a cancellation, a close that hangs and leaks the owner.

use lifespan::{Enter, Lifespan};

use crate::journal::{Db, Journal, Step};

mod closes;
mod ends;
mod enters;
mod finishes;
mod local;
mod many;
mod stress;
mod swept;
mod uses;

/// A client that takes a while to say hello and goodbye.
#[track_caller]
fn client(journal: &Journal) -> Lifespan<Db, impl Enter<Db> + use<>> {
    let script = journal.resource("client");
    script.enter(Step::Yield).exit(Step::Yield).lifespan()
}
