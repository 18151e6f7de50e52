//! A group that is dropped from outside: its children are cancelled, unwind, and `drain` waits for them (laws 3 and 4).

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use lifespan::{Drained, Error, ErrorKind, TaskGroup, drain, shield, task::TaskError};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::{fails, resident};
use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::{Db, Journal, Step};

/// Polls a future some times, then drops it.
async fn polled<F: Future>(future: F, times: usize) {
    let mut future = Box::pin(future);
    for _ in 0..times {
        assert!(futures_util::poll!(&mut future).is_pending());
        yield_now().await;
    }
}

/// Drains while a child that nothing cancels still waits: on several threads the group would be gone before.
async fn drained(gate: oneshot::Sender<()>) -> Drained {
    let open = async {
        yield_now().await;
        drop(gate);
    };
    tokio::join!(biased; drain(), open).0
}

/// A child that nothing cancels until its gate is opened.
fn gated(group: &TaskGroup, gate: oneshot::Receiver<()>) {
    group.spawn_ok(shield(async {
        let _ = gate.await;
    }));
}

#[test]
fn in_the_body_laws_3_4() {
    everywhere(|| async {
        let journal = Journal::new();
        let (gate, opened) = oneshot::channel();
        let group = TaskGroup::new().named(journal.unique("group")).scope_ok(async |group| {
            gated(group, opened);
            group.spawn(resident(&journal, "db"));
            journal.reached("enter db").await;
            journal.log("body");
            pending::<()>().await;
        });
        tokio::select! {
            _ = group => unreachable!(),
            () = journal.reached("body") => {}
        }
        let drained = drained(gate).await;
        assert!(drained.is_clean());
        assert_eq!(drained.waited_for().len(), 1, "{drained}");
        journal.assert([
            "enter db",
            "body",
            "report Rescued group",
            "exit db: cancelled",
            "exited db",
        ]);
    });
}

/// CASES L80: dropped while its exit waits, the waiting goes on elsewhere.
#[test]
fn in_the_exit_laws_4_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let (gate, opened) = oneshot::channel();
        let group = TaskGroup::new().named(journal.unique("group")).scope_ok(async |group| {
            gated(group, opened);
            group.spawn(resident(&journal, "db"));
            journal.reached("enter db").await;
            journal.log("body");
        });
        tokio::select! {
            _ = group => unreachable!(),
            () = journal.reached("body") => {}
        }
        let drained = drained(gate).await;
        assert!(drained.is_clean());
        let lines = journal.lines();
        assert_eq!(lines[..2], ["enter db", "body"]);
        // The children unwind while the waiting moves to a task of its own.
        let mut rest = lines[2..].to_vec();
        rest.sort_unstable();
        assert_eq!(rest, ["exit db: cancelled", "exited db", "report Rescued group"]);
    });
}

/// Inside of another scope's body it is adopted: awaited there, before that scope's own exit.
#[test]
fn adopted_by_the_scope_around_it_law_3() {
    everywhere(|| async {
        for waits in [false, true] {
            let journal = Journal::new();
            let outer = journal.resource("outer").lifespan();
            outer
                .scope_ok(async |outer: &mut Db| {
                    let group = TaskGroup::new().named(journal.unique("group")).scope_ok(async |group| {
                        group.spawn(resident(&journal, "db"));
                        journal.reached("enter db").await;
                        journal.log("body");
                        if !waits {
                            pending::<()>().await;
                        }
                    });
                    tokio::select! {
                        _ = group => unreachable!(),
                        () = journal.reached("body") => {}
                    }
                    outer.log("body of outer ends");
                })
                .await
                .unwrap();
            let mut lines = journal.lines();
            lines.retain(|line| line != "report Interrupted group");
            // On several threads the children may be quicker than the body.
            lines.retain(|line| line != "body of outer ends");
            assert_eq!(
                lines,
                [
                    "enter outer",
                    "enter db",
                    "body",
                    "exit db: cancelled",
                    "exited db",
                    "exit outer: completed"
                ]
            );
        }
    });
}

/// What its children fail with then is a failure of the drain.
#[test]
fn failures_of_children_laws_4_23() {
    for runtime in [paused(), multi_thread()] {
        runtime.block_on(async {
            let journal = Journal::new();
            let db = journal.resource("db").exit(Step::Yield).lifespan();
            let (gate, opened) = oneshot::channel();
            let group = TaskGroup::new().scope_ok(async |group| {
                gated(group, opened);
                group.named("loud").spawn(async {
                    let _ = db.scope_ok(async |_| pending::<()>().await).await;
                    fails("loud").await
                });
                journal.reached("enter db").await;
                pending::<()>().await;
            });
            tokio::select! {
                _ = group => unreachable!(),
                () = journal.reached("enter db") => {}
            }
            let failures = drained(gate).await.into_failures();
            assert_eq!(failures.len(), 1);
            assert_eq!(failures[0].to_string(), "resource `loud` died: loud");
        });
    }
}

/// A guard that is dropped is abandoned like any other.
#[test]
fn guard_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let live = TaskGroup::new().named(journal.unique("group")).enter().await.unwrap();
        live.spawn(resident(&journal, "db"));
        journal.reached("enter db").await;
        drop(live);
        assert!(drain().await.is_clean());
        journal.assert(["enter db", "report Rescued group", "exit db: cancelled", "exited db"]);
    });
}

/// Children that the shutdown of their runtime drops say so, and nobody hangs.
#[test]
fn runtime_shutdown_law_4() {
    for children in [paused(), multi_thread()] {
        let told = Arc::new(Mutex::new(None));
        let (sent, child) = std::sync::mpsc::channel();
        let scope = children.spawn(async move {
            TaskGroup::new()
                .scope_ok(async |group| {
                    sent.send(group.spawn_ok(pending::<()>())).unwrap();
                    pending::<()>().await;
                })
                .await
        });
        if children.handle().runtime_flavor() == tokio::runtime::RuntimeFlavor::CurrentThread {
            children.block_on(polled(pending::<()>(), 3));
        }
        let child = child.recv().unwrap();
        children.shutdown_background();
        paused().block_on(async {
            *told.lock().unwrap() = Some(child.await);
            let _ = scope.await;
        });
        let told = told.lock().unwrap().take().unwrap();
        assert!(matches!(told, Err(TaskError::Dropped)), "{told:?}");
    }
}

/// A child that the shutdown of its runtime drops has failed, and the group with it, where that is still polled.
#[test]
fn shutdown_of_the_runtime_of_the_children_law_23() {
    let runtime = multi_thread();
    let handle = runtime.handle().clone();
    let _here = handle.enter();
    let mut cx = Context::from_waker(Waker::noop());
    let mut scope = Box::pin(TaskGroup::new().scope(async |group| -> Result<(), Error> {
        group.named("worker").spawn_ok(pending::<()>());
        pending().await
    }));
    assert!(scope.as_mut().poll(&mut cx).is_pending());
    drop(runtime);
    let Poll::Ready(Err(error)) = scope.as_mut().poll(&mut cx) else {
        panic!("the child is gone, and with it the group")
    };
    assert_eq!((error.resource(), error.kind()), ("worker", ErrorKind::Interrupted));
    assert!(matches!(error.downcast_ref(), Some(TaskError::Dropped)));
}

/// What a child failed with while a rescue waited for the others is reported when the shutdown ends that.
#[test]
fn failures_that_nobody_took_law_23() {
    let (runtime, journal) = (paused(), Journal::new());
    runtime.block_on(async {
        let live = TaskGroup::new().enter().await.unwrap();
        live.spawn_ok(shield(pending::<()>()));
        live.named(journal.unique("loud")).spawn(fails("loud"));
        drop(live);
        for _ in 0..5 {
            yield_now().await;
        }
        journal.assert([]);
    });
    drop(runtime);
    assert!(journal.lines().contains(&"report Failed loud: loud".to_owned()));
}
