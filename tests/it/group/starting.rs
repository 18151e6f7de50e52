//! `start`: a child that is waited for until it is ready.

use std::future::pending;
use std::io;

use lifespan::{
    CancelScope, Error, ErrorKind, Phase, TaskGroup,
    cancellation::Outcome,
    task::{Ready, TaskError},
    timeout,
};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::{coop, yield_now};

use super::{assert_died, fails};
use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

/// CASES P77: it returns the value, and only when the child is ready.
#[test]
fn value_after_ready() {
    everywhere(|| async {
        let journal = Journal::new();
        TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                let child = journal.clone();
                let port = group.start(async move |ready| {
                    yield_now().await;
                    child.log("ready");
                    ready.set(80);
                    yield_now().await;
                    child.log("ended");
                });
                assert_eq!(port.await?, 80);
                journal.log("started");
                Ok(())
            })
            .await
            .unwrap();
        let mut lines = journal.lines();
        assert_eq!(lines.remove(0), "ready");
        lines.sort_unstable();
        assert_eq!(lines, ["ended", "started"]);
    });
}

/// CASES P78: an error before it is ready is that of `start`; the group lives on.
#[test]
fn failure_before_ready() {
    everywhere(|| async {
        TaskGroup::new()
            .scope_ok(async |group| {
                let failing = async |ready: Ready<()>| {
                    yield_now().await;
                    let failed = fails("no port").await;
                    drop(ready);
                    failed
                };
                let error = group.named("http").start(failing).await.unwrap_err();
                assert_eq!((error.resource(), error.phase()), ("http", Phase::Enter));
                assert!(error.downcast_ref::<io::Error>().is_some());
                assert_eq!(error.to_string(), "resource `http` failed to enter: no port");

                let panicking = async |_: Ready<()>| panic!("a bug");
                let error = group.start(panicking).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Panicked);
                assert_eq!(group.spawn_ok(async { 1 }).await.unwrap(), 1);
            })
            .await
            .unwrap();
    });
}

/// CASES P79: one after it is ready is the group's.
#[test]
fn failure_after_ready() {
    everywhere(|| async {
        let error = TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                let started = group.named("http").start(async |ready| {
                    ready.set(());
                    yield_now().await;
                    fails("reset").await
                });
                started.await?;
                pending().await
            })
            .await
            .unwrap_err();
        assert_died(&error, "http", "reset");
    });
}

/// CASES P80: returning, or dropping the `Ready`, without being ready are errors of their own kind.
#[test]
fn ended_without_ready() {
    everywhere(|| async {
        let journal = Journal::new();
        TaskGroup::new()
            .scope_ok(async |group| {
                let error = group.start(async |_: Ready<()>| ()).await.unwrap_err();
                assert!(matches!(error.downcast_ref(), Some(TaskError::NotReady)));
                let db = journal.resource("db").exit(Step::Yield).lifespan();
                let letting_go = async |ready: Ready<()>| {
                    db.scope(async |_: &mut Db| -> Result<(), Error> {
                        drop(ready);
                        pending().await
                    })
                    .await
                };
                let error = group.start(letting_go).await.unwrap_err();
                assert!(matches!(error.downcast_ref(), Some(TaskError::ReadyDropped)));
            })
            .await
            .unwrap();
        // It was cancelled for that, and awaited.
        journal.assert(["enter db", "exit db: cancelled", "exited db"]);
    });
}

/// CASES P84: one that is still starting is a child that the group waits for.
#[test]
fn pending_start_keeps_the_group_open() {
    everywhere(|| async {
        let (go, gone) = oneshot::channel::<()>();
        let started = TaskGroup::new()
            .scope_ok(async |group| {
                let spawner = group.spawner();
                let child = group.spawn_ok(async move {
                    let started = spawner.start(async |ready| {
                        let _ = gone.await;
                        ready.set(5);
                    });
                    started.await.unwrap()
                });
                yield_now().await;
                drop(go);
                child
            })
            .await
            .unwrap();
        assert_eq!(started.await.unwrap(), 5);
    });
}

/// CASES P85, P46: in a cancelled group a child begins, may be ready, and is cancelled where it first waits.
#[test]
fn start_in_a_cancelled_group() {
    everywhere(|| async {
        let journal = Journal::new();
        TaskGroup::new()
            .scope_ok(async |group| {
                group.cancel();
                let child = journal.clone();
                let ready = group.start(async move |ready| {
                    child.log("ready");
                    ready.set(1);
                    yield_now().await;
                    child.log("never");
                });
                assert_eq!(ready.await.unwrap(), 1);
                let late = group.start(async |ready| {
                    yield_now().await;
                    ready.set(2);
                });
                let error = late.await.unwrap_err();
                assert!(error.is_cancelled(), "{error:?}");
            })
            .await
            .unwrap();
        journal.assert(["ready"]);
    });
}

/// Given up while it starts, the child is cancelled, unwinds, and is waited for by the group.
#[test]
fn caller_that_gives_up() {
    paused().block_on(async {
        let journal = Journal::new();
        TaskGroup::new()
            .scope_ok(async |group| {
                let db = journal.resource("db").exit(Step::Yield).lifespan();
                let start = group.start(async |_ready: Ready<()>| {
                    db.scope(async |_: &mut Db| pending::<Result<(), Error>>().await).await
                });
                assert!(timeout(Duration::from_secs(1), start).await.is_err());
                assert_eq!(group.len(), 1);
                journal.log("given up");
            })
            .await
            .unwrap();
        journal.assert(["enter db", "given up", "exit db: cancelled", "exited db"]);
    });
}

/// What it then fails with is the group's: nobody else is there.
#[test]
fn failure_after_the_caller_gave_up_law_23() {
    paused().block_on(async {
        let error = TaskGroup::new()
            .scope_ok(async |group| {
                let start = group.named("http").start(async |_ready: Ready<()>| {
                    let told = CancelScope::new().run(pending::<()>()).await;
                    assert!(matches!(told, Outcome::Cancelled(..)));
                    fails("loud").await
                });
                assert!(timeout(Duration::from_secs(1), start).await.is_err());
            })
            .await
            .unwrap_err();
        assert_eq!(error.resource(), "http");
        assert_eq!(error.primary().to_string(), "loud");
    });
}

#[test]
fn start_in_a_closed_group() {
    everywhere(|| async {
        let spawner = TaskGroup::new().scope_ok(async |group| group.spawner()).await;
        let started = spawner.unwrap().start(async |ready| ready.set(())).await;
        let error = started.unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(TaskError::GroupClosed)));
    });
}

/// A failure right after it became ready is the group's, also if the child has used up the budget of its task by then.
#[test]
fn failure_after_ready_without_a_budget_left() {
    everywhere(|| async {
        let busy = async |ready: Ready<u16>| {
            while coop::has_budget_remaining() {
                coop::consume_budget().await;
            }
            ready.set(80);
            fails("broken").await
        };
        let error = TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                group.named("busy").start(busy).await?;
                pending().await
            })
            .await
            .unwrap_err();
        assert_died(&error, "busy", "broken");
    });
}

/// In a cancelled scope nothing is started (law 14).
#[test]
fn nothing_is_started_in_a_cancelled_scope_law_14() {
    everywhere(|| async {
        let journal = Journal::new();
        TaskGroup::new()
            .scope_ok(async |group| {
                let scope = CancelScope::new();
                scope.canceller().cancel();
                let outcome = scope
                    .run(async {
                        let journal = journal.clone();
                        let started = group.start(async move |ready| {
                            journal.log("started");
                            ready.set(1);
                        });
                        started.await.unwrap_err().kind()
                    })
                    .await;
                assert!(matches!(outcome, Outcome::Cancelled(..)), "{outcome:?}");
            })
            .await
            .unwrap();
        journal.assert([]);
    });
}
