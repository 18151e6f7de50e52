//! Cancellation that unwinds (laws 13–17).

mod asked;
mod deadlines;
mod enters;
mod graces;
mod hard;
mod interop;
mod outcomes;
mod races;
mod reasons;
mod shields;
mod trees;
mod unwinds;
mod wakers;

use std::future::pending;

use crate::journal::Db;

/// A body that waits for ever.
async fn forever<T>(db: &mut Db) -> T {
    db.log("wait");
    pending().await
}
