//! What is said of all that lives, in a binary of its own: an observer is there for a whole process, and a scope that is observed
//! costs more than the tests of `it` allow.
#![allow(clippy::large_futures, reason = "a test holds a whole program")]
#![allow(clippy::items_after_statements, reason = "a helper reads best beside its one test")]
#![allow(missing_docs, unreachable_pub, reason = "a test binary has no public interface")]

#[path = "../it/everywhere.rs"]
mod everywhere;
mod story;

mod kinds;
mod lives;
