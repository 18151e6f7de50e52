//! What the same-task check does, apart from all other tests: with the feature `checks` in a release build it is all that
//! differs, and this is compiled in a moment (laws 8–10).
#![allow(
    clippy::large_futures,
    clippy::similar_names,
    reason = "a test holds a whole program, whose parts come in pairs"
)]
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a test binary has no public interface, and this one a part of the journal's users"
)]

#[path = "../it/everywhere.rs"]
mod everywhere;
#[path = "../it/journal.rs"]
mod journal;

#[path = "../it/identity.rs"]
mod identity;
#[path = "../it/moved.rs"]
mod moved;
#[path = "../it/parts.rs"]
mod parts;
#[path = "../it/refused.rs"]
mod refused;

#[test]
fn the_feature_turns_the_checks_on() {
    assert_eq!(
        lifespan::checks_enabled(),
        cfg!(any(debug_assertions, feature = "checks"))
    );
}
