//! An exit of a group that is dropped midway takes what is left of its budget with it: a child that ignores its cancellation is
//! aborted when that is used up, wherever the waiting goes on (laws 4 and 6).

use std::future::pending;
use std::time::Duration;

use lifespan::{Error, ErrorKind, Live, TaskGroup, drain, shield};

use crate::everywhere::everywhere;
use crate::journal::Journal;

const BUDGET: Duration = Duration::from_millis(50);

/// A group whose one child would run for ever, with its exit begun and dropped.
async fn dropped_midway() {
    let group: Live<TaskGroup> = TaskGroup::new().exit_timeout(BUDGET).enter().await.unwrap();
    group.named("stubborn").spawn_ok(shield(pending::<()>()));
    let mut exit = Box::pin(group.exit());
    assert!(futures_util::poll!(&mut exit).is_pending());
}

#[track_caller]
fn assert_aborted(error: &Error) {
    let named = (error.resource(), error.kind());
    assert_eq!(named, ("stubborn", ErrorKind::Interrupted), "{error:?}");
}

#[test]
fn drained_within_what_is_left_of_the_budget_laws_4_6() {
    everywhere(|| async {
        dropped_midway().await;
        let drained = drain().await;
        assert_eq!(drained.waited_for().len(), 1, "{drained}");
        let [error] = drained.failures() else { panic!("{drained:?}") };
        assert_aborted(error);
    });
}

#[test]
fn adopted_within_what_is_left_of_the_budget_laws_3_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let ended = outer.scope_ok(async |_| dropped_midway().await);
        assert_aborted(&ended.await.unwrap_err());
        journal.assert(["enter outer", "exit outer: completed"]);
    });
}
