//! Cancellation from around the group reaches its children, also while the group only waits for them (laws 6, 13, 15).

use std::future::pending;
use std::io;
use std::pin::pin;
use std::time::Duration;

use futures_util::poll;
use lifespan::{
    BoxError, CancelScope, Error, ErrorKind, Exit, Handover, Lifespan, ScopedResource, TaskGroup,
    cancellation::{Canceller, Outcome, effective_deadline},
    drain, join, shield,
    task::TaskError,
    timeout,
};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::{attached, resident};
use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};
use crate::told::Reports;

const SECOND: Duration = Duration::from_secs(1);

/// Runs it in a cancel scope whose canceller it is given.
async fn cancellable<T>(run: impl AsyncFnOnce(Canceller) -> T) -> Outcome<T> {
    let scope = CancelScope::new();
    let canceller = scope.canceller();
    scope.run(run(canceller)).await
}

/// The exit waits, and is shielded; the children are reached, and the scope does not return `Ok` (law 15).
#[test]
fn while_the_exit_waits_laws_6_15() {
    everywhere(|| async {
        let journal = Journal::new();
        let outcome = cancellable(async |canceller| {
            let entered = journal.clone();
            TaskGroup::new()
                .scope_ok(async |group| {
                    group.spawn(resident(&journal, "db"));
                    group.spawn_ok(async move {
                        entered.reached("enter db").await;
                        yield_now().await;
                        canceller.cancel_because("enough");
                    });
                })
                .await
        })
        .await;
        let Outcome::Cancelled(_, Some(Err(error))) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(error.is_cancelled(), "{error:?}");
        assert!(attached(&error).is_empty());
        assert_eq!(error.cancellation().unwrap().reason(), Some("enough"));
        journal.assert(["enter db", "exit db: cancelled", "exited db"]);
    });
}

/// In each form in which a group may be held, also when the scope in which it was entered is over by then.
#[test]
fn in_each_form_law_13() {
    paused().block_on(async {
        let waiting = |group: &TaskGroup, journal: &Journal| {
            group.spawn(resident(journal, "db"));
        };
        for form in 0..5 {
            let journal = Journal::new();
            let run = async {
                match form {
                    0 => TaskGroup::new().scope_ok(async |group| waiting(group, &journal)).await,
                    1 => {
                        let live = TaskGroup::new().enter().await?;
                        waiting(&live, &journal);
                        live.exit().await
                    }
                    2 => {
                        let other = journal.resource("other").enter(Step::Yield).lifespan();
                        join((TaskGroup::new(), other))
                            .scope_ok(async |both| waiting(&both.0, &journal))
                            .await
                    }
                    3 => {
                        let group = TaskGroup::new().enter_timeout(SECOND).boxed();
                        group.scope_ok(async |group| waiting(group, &journal)).await
                    }
                    _ => {
                        let entered = timeout(SECOND, shield(TaskGroup::new().enter())).await;
                        let live = entered??;
                        waiting(&live, &journal);
                        live.exit().await
                    }
                }
            };
            let begun = Instant::now();
            let error = timeout(SECOND, run).await.unwrap_err();
            assert!(error.is_timeout(), "{form}: {error:?}");
            assert_eq!(begun.elapsed(), SECOND, "{form}");
            let lines = journal.lines();
            assert!(lines.contains(&"exited db".to_owned()), "{form}: {lines:?}");
        }
    });
}

/// Children are reached at once, while the body unwinds or goes on.
#[test]
fn while_the_body_runs_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let outcome = cancellable(async |canceller| {
            TaskGroup::new()
                .scope_ok(async |group| {
                    let child = group.spawn(resident(&journal, "db"));
                    journal.reached("enter db").await;
                    canceller.cancel();
                    shield(async {
                        assert!(matches!(child.await, Err(TaskError::Cancelled(_))));
                        journal.log("body goes on");
                    })
                    .await;
                })
                .await
        })
        .await;
        let Outcome::Cancelled(_, Some(Err(error))) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(error.is_cancelled());
        journal.assert(["enter db", "exit db: cancelled", "exited db", "body goes on"]);
    });
}

/// All children completed, although the group was cancelled: then so has the group.
#[test]
fn children_that_complete_anyway_law_15() {
    everywhere(|| async {
        let outcome = cancellable(async |canceller| {
            TaskGroup::new()
                .scope_ok(async |group| {
                    group.spawn_ok(async move {
                        canceller.cancel();
                    });
                })
                .await
        })
        .await;
        assert!(matches!(outcome, Outcome::CompletedAnyway(Ok(()), _)), "{outcome:?}");
    });
}

/// A shield around the group keeps what is outside from its children.
#[test]
fn behind_a_shield_law_15() {
    everywhere(|| async {
        let outcome = cancellable(async |canceller| {
            let group = TaskGroup::new().scope_ok(async |group| {
                canceller.cancel();
                group.spawn_ok(async {
                    yield_now().await;
                    5
                })
            });
            shield(group).await.unwrap().await.unwrap()
        })
        .await;
        assert!(matches!(outcome, Outcome::CompletedAnyway(5, _)), "{outcome:?}");
    });
}

/// A deadline around the group is that of its children.
#[test]
fn effective_deadline_of_a_child_law_15() {
    paused().block_on(async {
        let at = Instant::now() + SECOND;
        let inner = timeout(SECOND, async {
            TaskGroup::new()
                .scope_ok(async |group| {
                    let child = group.spawn_ok(async { effective_deadline() });
                    child.await.unwrap()
                })
                .await
        });
        let seen = inner.await.unwrap().unwrap();
        assert_eq!(seen, Some(at));
    });
}

/// CASES P138: cancelled at any time, the group ends in the same way, stage by stage.
#[test]
fn each_child_unwinds_to_its_end_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let outcome = cancellable(async |canceller| {
            TaskGroup::new()
                .scope(async |group| -> Result<(), Error> {
                    let outer = journal.resource("outer").exit(Step::Yield).lifespan();
                    let inner = resident(&journal, "inner");
                    group.spawn(async { outer.scope(async |_: &mut Db| inner.await).await });
                    journal.reached("enter inner").await;
                    canceller.cancel();
                    pending().await
                })
                .await
        })
        .await;
        assert!(outcome.is_cancelled());
        journal.assert([
            "enter outer",
            "enter inner",
            "exit inner: cancelled",
            "exited inner",
            "exit outer: cancelled",
            "exited outer",
        ]);
    });
}

/// An exit budget that was asked for: what is left is cancelled; the scope does not return `Ok`.
#[test]
fn budget_cancels_what_is_left_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let error = TaskGroup::new()
            .named("workers")
            .exit_timeout(10 * SECOND)
            .scope_ok(async |group| {
                group.spawn(resident(&journal, "db"));
            })
            .await
            .unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(error.resource(), "workers");
        journal.assert(["enter db", "exit db: timed out", "exited db"]);
    });
}

/// CASES P140: what does not unwind is aborted, and told by its name; all of it within the budget.
#[test]
fn budget_aborts_what_ignores_it_law_6() {
    paused().block_on(async {
        let begun = Instant::now();
        let error = TaskGroup::new()
            .exit_timeout(10 * SECOND)
            .scope_ok(async |group| {
                group.named("deaf").spawn_ok(shield(pending::<()>()));
            })
            .await
            .unwrap_err();
        assert_eq!((error.resource(), error.kind()), ("deaf", ErrorKind::Interrupted));
        let ignored = matches!(error.downcast_ref(), Some(TaskError::Ignored { is_gone: true, .. }));
        assert!(ignored, "{error:?}");
        assert!(begun.elapsed() < 10 * SECOND);
    });
}

/// What it failed with is told although it is aborted while the exits that it has dropped are awaited.
#[test]
fn an_error_is_told_of_a_child_that_is_aborted_as_it_exits_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let reports = Reports::new();
        let text = journal.unique("boom");
        let failing = dropping(journal.clone(), text.clone());
        let error = TaskGroup::new()
            .exit_timeout(10 * SECOND)
            .scope(async |group| -> Result<(), Error> {
                group.named("deaf").spawn(failing);
                journal.reached("enter slow").await;
                Ok(())
            })
            .await
            .unwrap_err();
        assert_eq!((error.resource(), error.kind()), ("deaf", ErrorKind::Interrupted));
        assert_eq!(reports.count(&text), 1);
    });
}

/// Drops a scope whose exit hangs, and fails.
async fn dropping(journal: Journal, text: String) -> Result<(), io::Error> {
    let slow = journal.resource("slow").exit(Step::Hang).lifespan().exit_timeout(None);
    {
        let mut scope = pin!(slow.scope_ok(async |_| pending::<()>().await));
        assert!(poll!(scope.as_mut()).is_pending());
    }
    Err(io::Error::other(text))
}

/// Without a budget it waits for as long as it takes.
#[test]
fn no_budget_by_default() {
    paused().block_on(async {
        let group = TaskGroup::new();
        assert_eq!(group.policy().exit_budget(), None);
        let out = group.scope_ok(async |group| group.spawn_ok(sleep(3600 * SECOND)));
        assert!(out.await.unwrap().is_finished());
    });
}

/// A resource with a group inside: the budget of its exit reaches the helpers, which would else hold that up for ever.
#[test]
fn budget_of_a_resource_around_a_group_law_6() {
    struct Client(Handover<TaskGroup>);

    impl ScopedResource for Client {
        async fn exit(self, _: &Exit) -> Result<(), BoxError> {
            Ok(self.0.accept().exit().await?)
        }
    }

    paused().block_on(async {
        let (journal, begun) = (Journal::new(), Instant::now());
        let connect = async {
            let helpers = TaskGroup::new().enter().await?;
            helpers.spawn(resident(&journal, "db"));
            journal.reached("enter db").await;
            Ok::<_, Error>(Client(helpers.hand_over()))
        };
        let client = Lifespan::of(connect).exit_timeout(5 * SECOND);
        let error = client.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed()), (ErrorKind::TimedOut, 5 * SECOND));
        assert!(attached(&error).is_empty(), "{error:?}");
        journal.assert(["enter db", "exit db: timed out", "exited db"]);
    });
}

/// Rescued, such a resource ends its helpers in the task of the rescue.
#[test]
fn rescued_resource_around_a_group_law_3() {
    struct Client(Handover<TaskGroup>);

    impl ScopedResource for Client {
        async fn exit(self, _: &Exit) -> Result<(), BoxError> {
            let helpers = self.0.accept();
            helpers.cancel();
            Ok(helpers.exit().await?)
        }
    }

    everywhere(|| async {
        let journal = Journal::new();
        let connect = async {
            let helpers = TaskGroup::new().enter().await?;
            helpers.spawn(resident(&journal, "db"));
            journal.reached("enter db").await;
            Ok::<_, Error>(Client(helpers.hand_over()))
        };
        drop(Lifespan::of(connect).enter().await.unwrap());
        assert!(drain().await.is_clean());
        journal.assert(["enter db", "exit db: cancelled", "exited db"]);
    });
}
