//! Laws 14 and 17: a cancelled scope enters nothing, and an enter that is cancelled enters nothing, or exits at once.

use std::future::pending;
use std::time::Duration;

use lifespan::{CancelScope, Enter, Error, ErrorKind, Lifespan, Phase, cancellation::Outcome, shield, timeout};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, locally, paused};
use crate::journal::{Db, Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

/// CASES P41, P46, L97: cancelled before the first poll: the body runs to its first wait, and nothing is entered.
#[test]
fn cancelled_before_the_first_poll_law_14() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        scope.canceller().cancel();
        let db = journal.resource("db").lifespan();
        let outcome = scope.run(async {
            journal.log("body");
            let error = db.scope_ok(async |_| journal.log("db body")).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.phase(), error.is_cancelled()),
                (ErrorKind::Cancelled, Phase::Enter, true)
            );
            journal.log("told");
            yield_now().await;
            journal.log("never here");
        });
        let outcome = outcome.await;
        assert!(matches!(outcome, Outcome::Cancelled(_, None)));
        journal.assert(["body", "told"]);
    });
}

/// CASES P44, P107: a body that swallows `Cancelled` and enters another scope is told again: it is level-triggered.
#[test]
fn swallowed_and_entered_again_laws_14_and_15() {
    everywhere(|| async {
        let journal = Journal::new();
        let (outer, a, b) = (
            journal.resource("outer").lifespan(),
            journal.resource("a").lifespan(),
            journal.resource("b").lifespan(),
        );
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope
            .run(outer.scope_ok(async |_| {
                let a = a
                    .scope_ok(async |_| {
                        canceller.cancel();
                        pending::<()>().await;
                    })
                    .await;
                assert!(a.unwrap_err().is_cancelled());
                let b = b.scope_ok(async |_| ()).await;
                assert!(b.unwrap_err().is_cancelled());
                journal.log("looks like success");
                7
            }))
            .await;
        // Law 15: not `Ok(7)`.
        let error = outcome.into_value().unwrap().unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Cancelled, Phase::Body));
        journal.assert([
            "enter outer",
            "enter a",
            "exit a: cancelled",
            "looks like success",
            "exit outer: cancelled",
        ]);
    });
}

/// Law 15: nor with an `Ok` of `scope`; an error of its own is returned untouched, but the exit is told of the cancellation.
#[test]
fn delivered_law_15() {
    everywhere(|| async {
        for own in [false, true] {
            let journal = Journal::new();
            let (tx, inner) = (journal.resource("tx").lifespan(), journal.resource("inner").lifespan());
            let scope = CancelScope::new();
            let canceller = scope.canceller();
            let outcome = scope
                .run(tx.scope(async |_| -> anyhow::Result<u8> {
                    let _ = inner
                        .scope_ok(async |_| {
                            canceller.cancel();
                            pending::<()>().await;
                        })
                        .await;
                    if own {
                        anyhow::bail!("mine");
                    }
                    Ok(7)
                }))
                .await;
            let error = outcome.into_value().unwrap().unwrap_err();
            let ours = error.downcast_ref::<Error>();
            if own {
                assert_eq!(error.to_string(), "mine");
            } else {
                assert!(ours.unwrap().is_cancelled());
            }
            assert_eq!(journal.lines().last().unwrap(), "exit tx: cancelled");
        }
    });
}

/// Not delivered is not cancelled: a body that completes in the poll of the cancellation has completed.
#[test]
fn completed_in_the_poll_of_the_cancellation_law_15() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(db.scope_ok(async |_| {
            yield_now().await;
            canceller.cancel();
            7
        }));
        assert!(matches!(outcome.await, Outcome::CompletedAnyway(Ok(7), _)));
        journal.assert(["enter db", "exit db: completed"]);
    });
}

/// Law 17: the enter future is dropped.
#[test]
fn cancelled_while_entering_law_17() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").enter(Step::Hang).lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let enter = async {
            let error = db.scope_ok(async |_| ()).await.unwrap_err();
            assert_eq!((error.kind(), error.phase()), (ErrorKind::Cancelled, Phase::Enter));
            journal.log("told");
        };
        let stop = async {
            canceller.cancel();
        };
        let outcome = scope.run(async { tokio::join!(enter, stop) }).await;
        assert!(outcome.is_cancelled());
        journal.assert(["told"]);
    });
}

/// CASES L30, L31: an enter that shields itself is not cancelled: it finishes, and then its exit runs, and its body does not.
#[test]
fn shielded_enter_law_17() {
    paused().block_on(async {
        let journal = Journal::new();
        let started = Instant::now();
        let script = journal.resource("db").enter(Step::Sleep(5 * SECOND));
        let db = Lifespan::of(shield(script.open()));
        let late = timeout(SECOND, db.scope_ok(async |db| db.log("body")));
        assert!(late.await.is_err());
        assert_eq!(started.elapsed(), 5 * SECOND);
        journal.assert(["enter db", "exit db: timed out"]);
    });
}

/// CASES L34: a prefix that is shielded completes, then the cancellation lands.
#[test]
fn half_shielded_enter_law_17() {
    paused().block_on(async {
        let journal = Journal::new();
        let started = Instant::now();
        let db = Lifespan::new(
            async {
                shield(sleep(3 * SECOND)).await;
                journal.log("prefix");
                sleep(3 * SECOND).await;
                Ok::<_, Error>(())
            },
            async |(), _| (),
        );
        let late = timeout(SECOND, db.scope_ok(async |_| ()));
        assert!(late.await.is_err());
        assert_eq!(started.elapsed(), 3 * SECOND);
        journal.assert(["prefix"]);
    });
}

/// CASES L32: an enter that is cancelled while it waits cleans up after itself; its exit does not run.
#[test]
fn enter_with_a_clean_up_of_its_own_law_17() {
    everywhere(|| async {
        let journal = Journal::new();
        let never = journal.clone();
        let socket = journal.resource("socket").exit(Step::Yield).lifespan();
        let db = Lifespan::new(
            async {
                let live = socket.enter().await?;
                pending::<()>().await;
                live.exit().await
            },
            async move |(), _| never.log("exit db"),
        );
        let late = timeout(Duration::from_millis(1), db.scope_ok(async |_| ()));
        assert!(late.await.is_err());
        journal.assert(["enter socket", "exit socket: timed out", "exited socket"]);
    });
}

/// An enter that cancels the scope around it in the very poll in which it completes.
fn enters_and_cancels(journal: &Journal, canceller: lifespan::cancellation::Canceller) -> Lifespan<Db, impl Enter<Db>> {
    let db = journal.resource("db").exit(Step::Yield);
    Lifespan::of(async move {
        yield_now().await;
        let db = db.open().await;
        canceller.cancel();
        db
    })
}

/// Law 17: it is exited, cause `Cancelled`, and its body does not run.
#[test]
fn completed_in_the_poll_of_the_cancellation_law_17() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        let db = enters_and_cancels(&journal, scope.canceller());
        let outcome = scope.run(db.scope_ok(async |db| db.log("body")));
        let error = outcome.await.into_value().unwrap().unwrap_err();
        assert!(error.is_cancelled());
        journal.assert(["enter db", "exit db: cancelled", "exited db"]);
    });
}

/// The same for a guard, and for the form without a closure.
#[test]
fn guard_and_macro_completed_in_the_poll_of_the_cancellation_law_17() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        let db = enters_and_cancels(&journal, scope.canceller());
        let outcome = scope.run(async { db.enter().await.map(|_| ()) }).await;
        assert!(outcome.into_value().unwrap().unwrap_err().is_cancelled());
        let scope = CancelScope::new();
        let db = enters_and_cancels(&journal, scope.canceller());
        let outcome = scope.run(lifespan::scope!(db = db => {
            db.log("body");
            Ok::<_, Error>(())
        }));
        assert!(outcome.await.into_value().unwrap().unwrap_err().is_cancelled());
        journal.assert([
            "enter db",
            "exit db: cancelled",
            "exited db",
            "enter db",
            "exit db: cancelled",
            "exited db",
        ]);
    });
}

/// Law 17: a scope that is live inside of an enter unwinds first.
#[test]
fn scope_inside_an_enter_unwinds_law_17() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outer = Lifespan::new(
            inner.scope_ok(async |_| {
                canceller.cancel();
                pending::<()>().await;
            }),
            async |(), _| (),
        );
        let outcome = scope.run(outer.scope_ok(async |_| ())).await;
        let error = outcome.into_value().unwrap().unwrap_err();
        assert!(error.is_cancelled(), "{error:?}");
        journal.assert(["enter inner", "exit inner: cancelled", "exited inner"]);
    });
}

/// A body that enters ready resources in a loop after the cancellation does not go on for ever.
#[test]
fn loop_of_ready_resources_law_14() {
    locally(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            for turn in 0.. {
                let db = journal.resource("db").lifespan();
                let _ = db.scope_ok(async |_| ()).await;
                if turn == 2 {
                    canceller.cancel();
                }
            }
        });
        assert!(outcome.await.is_cancelled());
        assert_eq!(journal.lines().len(), 6);
    });
}

/// The loop of a worker with a timeout for each job: nor does that spin when it is cancelled; and one that only enters ready
/// resources under timeouts gets to hear of a cancellation from another task.
#[test]
fn loop_of_timeouts_law_14() {
    paused().block_on(async {
        for (pool, ready) in [(false, false), (true, false), (false, true), (true, true)] {
            let journal = Journal::new();
            let scope = CancelScope::new();
            let canceller = scope.canceller();
            tokio::spawn(async move {
                for _ in 0..5 {
                    yield_now().await;
                }
                canceller.cancel();
            });
            let jobs = async {
                loop {
                    let job = journal.resource("job").lifespan();
                    let work = job.scope_ok(async |_| {
                        if !ready {
                            sleep(SECOND / 5).await;
                        }
                    });
                    let _ = timeout(SECOND, work).await;
                    if ready {
                        let _ = timeout(SECOND, CancelScope::new().run(async {})).await;
                    }
                }
            };
            let outcome = if pool {
                let pool = journal.resource("pool").lifespan();
                scope.run(pool.scope_ok(async |_| jobs.await)).await.is_cancelled()
            } else {
                scope.run(jobs).await.is_cancelled()
            };
            assert!(outcome);
            let last = if pool { "exit pool: cancelled" } else { "exit job: " };
            assert!(journal.lines().last().unwrap().starts_with(last));
        }
    });
}

/// The same where nothing of tokio's makes it wait.
#[test]
fn loop_of_ready_resources_unconstrained_law_14() {
    locally(|| async {
        let scope = CancelScope::new();
        scope.canceller().cancel();
        let outcome = tokio::task::unconstrained(scope.run(async {
            loop {
                let db = Journal::new().resource("db").lifespan();
                let _ = db.scope_ok(async |_| ()).await;
            }
        }));
        assert!(outcome.await.is_cancelled());
    });
}

/// And one that is cancelled from another task gets to hear of it, though nothing in it ever waits.
#[test]
fn loop_of_ready_resources_cancelled_from_another_task() {
    paused().block_on(async {
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        tokio::spawn(async move { canceller.cancel() });
        let outcome = scope.run(async {
            loop {
                let db = Journal::new().resource("db").lifespan();
                let _ = db.scope_ok(async |_| ()).await;
            }
        });
        assert!(outcome.await.is_cancelled());
    });
}

/// An enter that is asked to unwind, waits for a scope inside of it that completes, and then fails by itself: nothing in it
/// was told, so it failed, and what is around it completes.
#[test]
fn enter_failed_while_asked_to_unwind_law_15() {
    everywhere(|| async {
        let journal = Journal::new();
        let (tx, inner) = (
            journal.resource("tx").lifespan(),
            journal.resource("inner").exit(Step::Yield).lifespan(),
        );
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outer = Lifespan::new(
            async {
                let seven = inner.scope_ok(async |_| {
                    canceller.cancel();
                    7
                });
                assert_eq!(seven.await.unwrap(), 7);
                Err::<(), _>(std::io::Error::other("no route"))
            },
            async |(), _| (),
        );
        let outcome = scope.run(tx.scope(async |_| {
            let error: Error = outer.scope_ok(async |_| ()).await.unwrap_err();
            Ok::<_, Error>(error.kind())
        }));
        let outcome = outcome.await;
        let Outcome::CompletedAnyway(Ok(ErrorKind::Failed), _) = outcome else {
            panic!("{outcome:?}")
        };
        journal.assert([
            "enter tx",
            "enter inner",
            "exit inner: completed",
            "exited inner",
            "exit tx: completed",
        ]);
    });
}

/// An enter's budget is a deadline for what is inside of it, and its own error names it.
#[test]
fn budget_of_an_enter_law_15() {
    paused().block_on(async {
        let journal = Journal::new();
        let inner = journal
            .resource("inner")
            .exit(Step::Sleep(Duration::from_secs(3)))
            .lifespan();
        let outer = Lifespan::new(
            async {
                let seen = inner.scope_ok(async |_| pending::<()>().await).await;
                assert_eq!(seen.unwrap_err().kind(), ErrorKind::DeadlinePassed);
                Err::<(), _>(std::io::Error::other("gave up"))
            },
            async |(), _| (),
        );
        let outer = outer.named("outer").enter_timeout(Duration::from_secs(2));
        let error = outer.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::TimedOut, Phase::Enter));
        assert_eq!(
            error.to_string(),
            "resource `outer` did not enter within 2s; also: `outer`: gave up"
        );
        assert_eq!(error.attached()[0].primary().to_string(), "gave up");
        journal.assert(["enter inner", "exit inner: timed out", "exited inner"]);
    });
}
