//! Children, the body, and each other: who waits for whom, and who takes whom along (law 21).

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lifespan::{
    CancelScope, Error, ErrorKind, Lifespan, Phase, TaskGroup,
    cancellation::Outcome,
    join,
    task::{Ready, TaskError},
};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::{assert_died, attached, fails, resident};
use crate::everywhere::{everywhere, locally, paused};
use crate::journal::{Journal, Step};

/// CASES P67: at the exit all children have finished.
#[test]
fn all_have_ended_when_the_group_has() {
    everywhere(|| async {
        let ended = Arc::new(AtomicUsize::new(0));
        let children = TaskGroup::new()
            .scope_ok(async |group| {
                let child = async |ended: Arc<AtomicUsize>| {
                    yield_now().await;
                    ended.fetch_add(1, Ordering::Relaxed)
                };
                [0; 5].map(|_| group.spawn_ok(child(Arc::clone(&ended))))
            })
            .await
            .unwrap();
        assert_eq!(ended.load(Ordering::Relaxed), 5);
        assert!(children.iter().all(lifespan::task::Child::is_finished));
        let mut values = Vec::new();
        for child in children {
            values.push(child.await.unwrap());
        }
        values.sort_unstable();
        assert_eq!(values, [0, 1, 2, 3, 4]);
    });
}

/// CASES P68, P95: a failing child cancels its siblings and the body; its error is that of the scope.
#[test]
fn failing_child_cancels_siblings_and_body_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                group.named("sibling").spawn(resident(&journal, "sibling"));
                journal.reached("enter sibling").await;
                let log = journal.clone();
                group.named("worker").spawn(async move {
                    log.reached("enter body").await;
                    fails("reset").await
                });
                resident(&journal, "body").await
            })
            .await
            .unwrap_err();
        assert_died(&error, "worker", "reset");
        assert!(attached(&error).is_empty(), "{error:?}");
        assert_eq!(error.to_string(), "resource `worker` died: reset");
        assert!(error.place().file().ends_with("children.rs"));
        let mut lines = journal.lines();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "enter body",
                "enter sibling",
                "exit body: failed (resource `worker` died: reset)",
                "exit sibling: failed (resource `worker` died: reset)",
                "exited body",
                "exited sibling",
            ]
        );
    });
}

/// CASES P69, L93: a failing body cancels the children instead of waiting for them; what they fail with is attached.
#[test]
fn failing_body_cancels_the_children() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                let db = journal.resource("db").exit(Step::Fail("stuck")).lifespan();
                group.spawn(async { db.scope(async |_| pending::<Result<(), Error>>().await).await });
                group.named("loud").spawn(async {
                    let told = CancelScope::new().run(pending::<()>()).await;
                    assert!(told.is_cancelled());
                    fails("loud").await
                });
                journal.reached("enter db").await;
                yield_now().await;
                fails("body").await.map_err(boxed)
            })
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "body");
        assert_eq!(attached(&error), ["resource `loud` died: loud"]);
        journal.assert(["enter db", "exit db: cancelled", "report Failed db: stuck"]);
    });
}

/// An error of ours, as a body may return it.
fn boxed(error: io::Error) -> Error {
    let scope = lifespan::Lifespan::new(async { Err::<(), _>(error) }, async |(), _| ());
    let entered = futures_util::FutureExt::now_or_never(scope.scope_ok(async |_| ()));
    entered.unwrap().unwrap_err()
}

/// CASES P70: both errors are kept, in the order they happened.
#[test]
fn two_failing_children() {
    everywhere(|| async {
        let error = TaskGroup::new()
            .scope_ok(async |group| {
                let (first, second) = (oneshot::channel::<()>(), oneshot::channel::<()>());
                let one = group.named("one").spawn(async move {
                    let _ = first.1.await;
                    fails("first").await
                });
                group.named("two").spawn(async move {
                    let _ = second.1.await;
                    fails("second").await
                });
                drop(first.0);
                assert!(matches!(one.await, Err(TaskError::Failed(failure)) if failure.text() == "first"));
                drop(second.0);
            })
            .await
            .unwrap_err();
        assert_died(&error, "one", "first");
        // The second may have been cancelled before it could fail.
        assert!(attached(&error).len() <= 1, "{error:?}");
    });
}

/// CASES P70: those that fail while they unwind are attached to the first.
#[test]
fn children_that_fail_while_they_unwind() {
    everywhere(|| async {
        let error = TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                for name in ["a", "b"] {
                    group.named(name).spawn(async move {
                        let told = CancelScope::new().run(pending::<()>()).await;
                        assert!(told.is_cancelled());
                        fails(name).await
                    });
                }
                yield_now().await;
                group.named("first").spawn(fails("first"));
                pending().await
            })
            .await
            .unwrap_err();
        assert_died(&error, "first", "first");
        let mut attached = attached(&error);
        attached.sort_unstable();
        assert_eq!(attached, ["resource `a` died: a", "resource `b` died: b"]);
    });
}

/// CASES P71: that others were cancelled is no error, whatever type it comes in, and however deep.
#[test]
fn echoes_of_the_cancellation_are_filtered_out_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                group.spawn(resident(&journal, "plain"));
                let foreign = resident(&journal, "foreign");
                group.spawn(async { anyhow::Ok(foreign.await?) });
                let transparent = resident(&journal, "transparent");
                group.spawn(async { Ok::<_, Transparent>(transparent.await?) });
                let nested = resident(&journal, "nested");
                group.spawn(async move {
                    let inner = TaskGroup::new().scope(async |group| -> Result<(), Error> {
                        group.spawn(nested);
                        Ok(())
                    });
                    inner.await
                });
                let scope = CancelScope::new();
                group.spawn(async { scope.run(pending::<()>()).await.into_result() });
                for name in ["enter plain", "enter foreign", "enter transparent", "enter nested"] {
                    journal.reached(name).await;
                }
                group.spawn(fails("real"));
                pending().await
            })
            .await
            .unwrap_err();
        assert_died(&error, "child", "real");
        assert!(attached(&error).is_empty(), "{error:?}");
        assert_eq!(journal.lines().len(), 12, "{:?}", journal.lines());
    });
}

/// As most users have it: what it holds is seen by its `source` alone, which is that of what it holds.
#[derive(Debug, thiserror::Error)]
enum Transparent {
    #[error(transparent)]
    Lifespan(#[from] Error),
}

/// CASES P72: a cancellation alone is no error but the outcome of who cancelled.
#[test]
fn pure_cancellation_is_an_outcome() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let group = TaskGroup::new().scope(async |group| -> Result<(), Error> {
            group.spawn(resident(&journal, "db"));
            journal.reached("enter db").await;
            canceller.cancel();
            pending().await
        });
        let outcome = scope.run(group).await;
        assert!(matches!(outcome, Outcome::Cancelled(_, Some(Err(_)))), "{outcome:?}");
        journal.assert(["enter db", "exit db: cancelled", "exited db"]);
    });
}

/// CASES P76: without children the exit does not wait, and cancels nothing.
#[test]
fn group_without_children() {
    everywhere(|| async {
        let group = TaskGroup::new().scope_ok(async |group| assert!(group.is_empty()));
        assert!(futures_util::FutureExt::now_or_never(group).is_some());
        // In a cancelled scope an empty group that was entered before completes as well.
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let body = TaskGroup::new().scope_ok(async |_| assert!(canceller.cancel()));
        let outcome = scope.run(body).await;
        assert!(matches!(outcome, Outcome::CompletedAnyway(Ok(()), _)), "{outcome:?}");
    });
}

/// CASES P86: a handle tells a value, that it is not finished, a failure, a panic, a cancellation.
#[test]
fn handles() {
    everywhere(|| async {
        let error = TaskGroup::new()
            .scope_ok(async |group| {
                let (go, gone) = oneshot::channel::<()>();
                let mut value = group.spawn_ok(async {
                    let _ = gone.await;
                    5
                });
                assert!(!value.is_finished());
                assert!(futures_util::poll!(&mut value).is_pending());
                drop(go);
                assert_eq!(value.await.unwrap(), 5);

                let cancelled = group.spawn_ok(pending::<()>());
                assert!(cancelled.cancel() && !cancelled.cancel());
                assert!(matches!(cancelled.await, Err(TaskError::Cancelled(_))));

                let panicked = group.named("bug").spawn_ok(async { panic!("a bug") });
                let panicked: Result<(), _> = panicked.await;
                assert!(matches!(panicked, Err(TaskError::Panicked(failure)) if failure.text() == "a bug"));
            })
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.resource(), error.to_string().as_str()),
            (ErrorKind::Panicked, "bug", "resource `bug` panicked in its body: a bug")
        );
    });
}

/// `child.await?` in a body that fails with our error: what the child failed with is not lost, and its cancellation is one.
#[test]
fn awaited_with_a_question_mark_law_23() {
    everywhere(|| async {
        let error = TaskGroup::new()
            .scope(async |group| -> Result<(), Error> { Ok(group.named("worker").spawn(fails("reset")).await?) })
            .await
            .unwrap_err();
        let texts = [vec![error.to_string()], attached(&error)].concat();
        assert!(
            texts
                .iter()
                .any(|text| text.starts_with("resource `worker` died: reset"))
        );
        let error = TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                let child = group.spawn_ok(pending::<()>());
                child.cancel();
                Ok(child.await?)
            })
            .await
            .unwrap_err();
        assert!(error.is_cancelled(), "{error:?}");
        assert!(error.attached().is_empty());
    });
}

/// Cancelling one child unwinds that one; the group goes on and succeeds (law 13).
#[test]
fn cancelling_one_child_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        TaskGroup::new()
            .scope_ok(async |group| {
                let child = group.spawn(resident(&journal, "db"));
                journal.reached("enter db").await;
                child.cancel();
                assert!(matches!(child.await, Err(TaskError::Cancelled(_))));
                journal.log("gone");
                assert_eq!(group.spawn_ok(async { 1 }).await.unwrap(), 1);
            })
            .await
            .unwrap();
        journal.assert(["enter db", "exit db: cancelled", "exited db", "gone"]);
    });
}

/// A child that was told and then returns a value counts as cancelled (law 15).
#[test]
fn value_of_a_child_that_was_told_law_15() {
    everywhere(|| async {
        let journal = Journal::new();
        TaskGroup::new()
            .scope_ok(async |group| {
                let db = resident(&journal, "db");
                let child = group.spawn_ok(async { db.await.is_err() });
                journal.reached("enter db").await;
                child.cancel();
                assert!(matches!(child.await, Err(TaskError::Cancelled(_))));
            })
            .await
            .unwrap();
    });
}

/// CASES P96: what was only there for the body is stopped at its end.
#[test]
fn cancelled_at_the_end_of_the_body() {
    everywhere(|| async {
        let journal = Journal::new();
        let value = TaskGroup::new()
            .scope_ok(async |group| {
                group.spawn(resident(&journal, "db"));
                journal.reached("enter db").await;
                group.cancel_because("done");
                5
            })
            .await;
        assert_eq!(value.unwrap(), 5);
        journal.assert(["enter db", "exit db: cancelled", "exited db"]);
    });
}

/// A child that fails when the body has ended: siblings unwind, and the error is that of the exit.
#[test]
fn failure_while_the_group_waits() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                group.spawn(resident(&journal, "db"));
                journal.reached("enter db").await;
                let log = journal.clone();
                group.named("late").spawn(async move {
                    log.reached("body ends").await;
                    fails("late").await
                });
                journal.log("body ends");
                Ok(())
            })
            .await
            .unwrap_err();
        assert_died(&error, "late", "late");
        journal.assert([
            "enter db",
            "body ends",
            "exit db: failed (resource `late` died: late)",
            "exited db",
        ]);
    });
}

/// Under a guard nobody is told; the failure is the error of the exit.
#[test]
fn in_a_guard() {
    everywhere(|| async {
        let live = TaskGroup::new().enter().await.unwrap();
        let child = live.named("worker").spawn(fails("reset"));
        assert!(child.await.is_err());
        assert_died(&live.exit().await.unwrap_err(), "worker", "reset");
    });
}

/// As one of two that are joined, it takes those who use both with it.
#[test]
fn joined_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let error = join((db, TaskGroup::new()))
            .scope(async |both| -> Result<(), Error> {
                both.1.named("worker").spawn(fails("reset"));
                pending().await
            })
            .await
            .unwrap_err();
        assert_died(&error, "worker", "reset");
        journal.assert(["enter db", "exit db: failed (resource `worker` died: reset)"]);
    });
}

/// What a child fails with when it exits something of its own is named after that.
#[test]
fn errors_that_name_their_resource_stay_as_they_are_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = TaskGroup::new()
            .scope_ok(async |group| {
                let db = journal.resource("db").exit(Step::Fail("stuck")).lifespan();
                group.spawn(db.scope_ok(async |_| ()));
            })
            .await
            .unwrap_err();
        assert_eq!(error.phase(), Phase::Exit);
        assert_eq!(error.resource(), journal.unique("db"));
    });
}

#[test]
fn local_children() {
    locally(|| async {
        let out = TaskGroup::new().scope_ok(async |group| {
            if tokio::runtime::Handle::current().runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread {
                return 3;
            }
            let set = tokio::task::LocalSet::new();
            set.run_until(async {
                let shared = std::rc::Rc::new(1);
                let (one, two) = (std::rc::Rc::clone(&shared), shared);
                let one = group.spawn_local(async move { Ok::<_, io::Error>(*one) });
                let two = group.spawn_local_ok(async move { std::rc::Rc::new(*two + 1) });
                one.await.unwrap() + *two.await.unwrap()
            })
            .await
        });
        assert_eq!(out.await.unwrap(), 3);
    });
}

/// Refused by tokio with a panic: the group has no such child.
#[test]
fn local_child_outside_of_a_local_set() {
    paused().block_on(async {
        TaskGroup::new()
            .scope_ok(async |group| {
                let spawn = || group.spawn_local_ok(async {});
                let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(spawn));
                assert!(panicked.is_err());
                assert!(group.is_empty());
            })
            .await
            .unwrap();
    });
}

/// Awaiting a child in the body, or in a sibling, tells its failure once, as what it is (law 21).
#[test]
fn a_failure_that_is_awaited_is_told_once_law_21() {
    everywhere(|| async {
        for by_sibling in [false, true] {
            let error = TaskGroup::new()
                .scope(async |group| -> Result<(), Error> {
                    let port = group.named("port").spawn(async {
                        yield_now().await;
                        "eighty".parse::<u16>()
                    });
                    if by_sibling {
                        let user = group.named("user");
                        user.spawn(async move { port.await.map(drop).map_err(Error::from) });
                        pending::<()>().await;
                    } else {
                        port.await?;
                    }
                    Ok(())
                })
                .await
                .unwrap_err();
            assert_eq!(error.to_string(), "resource `port` died: invalid digit found in string");
            assert!(error.downcast_ref::<std::num::ParseIntError>().is_some());
            assert!(error.attached().is_empty(), "{error:?}");
        }
    });
}

/// Outside of the group its error still names the child.
#[test]
fn a_failure_names_its_child_wherever_it_is_awaited() {
    everywhere(|| async {
        let mut kept = None;
        let group = TaskGroup::new().scope_ok(async |group| {
            kept = Some(group.named("port").spawn(async { "eighty".parse::<u16>() }));
        });
        group.await.unwrap_err();
        let error = Error::from(kept.unwrap().await.unwrap_err());
        assert_eq!(error.to_string(), "resource `port` died: invalid digit found in string");
    });
}

/// One that was cancelled for itself, and then hears of the group's cancellation from a sibling, has not failed.
#[test]
fn what_only_hears_of_the_cancellation_has_not_failed() {
    paused().block_on(async {
        TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                let spawner = group.spawner();
                let one = group.spawn(async move {
                    let waits = spawner
                        .named("other")
                        .start(async |_ready: Ready<u8>| pending::<()>().await);
                    let slow = Lifespan::new(async { Ok::<_, Error>(()) }, async |(), _| {
                        yield_now().await;
                    });
                    let slow = slow.scope_ok(async |_| pending::<()>().await);
                    tokio::join!(waits, slow).0.map(drop)
                });
                for _ in 0..4 {
                    yield_now().await;
                }
                one.cancel();
                group.cancel();
                Ok(())
            })
            .await
            .unwrap();
    });
}
