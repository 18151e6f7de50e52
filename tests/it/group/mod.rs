//! Task groups: children that end before their group does (laws 1, 3, 4, 13, 15, 21, 23, 25).
#![allow(
    clippy::async_yields_async,
    reason = "that a child is returned, and not awaited, is what these tests are about"
)]
#![allow(
    clippy::match_same_arms,
    clippy::needless_pass_by_value,
    clippy::similar_names,
    reason = "a table and a recursion read best so"
)]

mod cancelled;
mod children;
mod dropped;
mod dropped_exit;
mod faults;
mod memory;
mod programs;
mod spawners;
mod starting;
mod swept;

use std::future::{Future, pending};
use std::io;

use lifespan::{Error, ErrorKind, Phase};

use crate::journal::{Db, Journal, Step};

/// Holds a resource, and waits for ever: what cancels it has it unwind.
pub fn resident(journal: &Journal, name: &'static str) -> impl Future<Output = Result<(), Error>> + Send + use<> {
    let db = journal.resource(name).exit(Step::Yield).lifespan();
    db.scope(async |_: &mut Db| pending().await)
}

/// Fails with this text.
pub async fn fails(text: &'static str) -> io::Result<()> {
    Err(io::Error::other(text))
}

/// That a child of this name failed with `text`.
#[track_caller]
pub fn assert_died(error: &Error, name: &str, text: &str) {
    assert_eq!(error.resource(), name, "{error:?}");
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Failed, Phase::Body));
    let primary: &io::Error = error.downcast_ref().expect("the child's own error");
    assert_eq!(primary.to_string(), text);
}

/// The texts of what is attached, in order.
pub fn attached(error: &Error) -> Vec<String> {
    error.attached().iter().map(ToString::to_string).collect()
}
