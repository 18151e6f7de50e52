//! Law 13: only a body with no live scope inside it is dropped, then its exit is awaited, then the body around it, outward.

use std::time::Duration;

use lifespan::{CancelScope, Cause, Error, cancellation::Outcome};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::forever;
use crate::everywhere::{everywhere, locally, paused};
use crate::journal::{Journal, Step};

/// Drops show when a body is dropped.
struct Dropped<'a>(&'a Journal, &'static str);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.log(self.1);
    }
}

#[test]
fn three_nested_from_the_inside_out_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let (a, b, c) = (
            journal.resource("a").exit(Step::Yield).lifespan(),
            journal.resource("b").exit(Step::Yield).lifespan(),
            journal.resource("c").exit(Step::Yield).lifespan(),
        );
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(a.scope(async |_| {
            let _a = Dropped(&journal, "body a dropped");
            b.scope(async |_| {
                let _b = Dropped(&journal, "body b dropped");
                c.scope(async |db| -> Result<(), Error> {
                    let _c = Dropped(&journal, "body c dropped");
                    canceller.cancel();
                    forever(db).await
                })
                .await
            })
            .await
        }));
        let outcome = outcome.await;
        // The body was not dropped: it was told, and ended by itself.
        let Outcome::Cancelled(_, Some(Err(error))) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(error.is_cancelled(), "{error}");
        journal.assert([
            "enter a",
            "enter b",
            "enter c",
            "wait",
            "body c dropped",
            "exit c: cancelled",
            "exited c",
            "body b dropped",
            "exit b: cancelled",
            "exited b",
            "body a dropped",
            "exit a: cancelled",
            "exited a",
        ]);
        assert_eq!(journal.exit_tasks(), 1);
    });
}

/// A body that waits for something else than its inner scope is only dropped when that has exited.
#[test]
fn two_under_join_overlap_then_the_outer_body_then_its_exit_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").exit(Step::Yield).lifespan();
        let (left, right) = (
            journal.resource("left").exit(Step::Yield).lifespan(),
            journal.resource("right").exit(Step::Yield).lifespan(),
        );
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(outer.scope_ok(async |_| {
            let _body = Dropped(&journal, "outer body dropped");
            let stop = async {
                yield_now().await;
                canceller.cancel();
            };
            let _ = futures_util::join!(
                left.scope_ok(forever::<()>),
                right.scope_ok(forever::<()>),
                stop,
                std::future::pending::<()>()
            );
        }));
        assert!(outcome.await.is_cancelled());
        journal.assert([
            "enter outer",
            "enter left",
            "wait",
            "enter right",
            "wait",
            "exit left: cancelled",
            "exit right: cancelled",
            "exited left",
            "exited right",
            "outer body dropped",
            "exit outer: cancelled",
            "exited outer",
        ]);
    });
}

/// Beside a slow exit nothing else is dropped before it: no grace counts against what is polled.
#[test]
fn what_has_noticed_is_never_cut_short_law_13() {
    paused().block_on(async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let slow = journal
            .resource("slow")
            .exit(Step::Sleep(Duration::from_secs(3600)))
            .lifespan()
            .exit_timeout(None);
        let started = Instant::now();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(outer.scope(async |_| {
            slow.scope(async |_| -> Result<(), Error> {
                canceller.cancel();
                std::future::pending().await
            })
            .await
        }));
        assert!(outcome.await.is_cancelled());
        assert_eq!(started.elapsed(), Duration::from_secs(3600));
        journal.assert([
            "enter outer",
            "enter slow",
            "exit slow: cancelled",
            "exited slow",
            "exit outer: cancelled",
        ]);
    });
}

/// An inner exit that hangs is bounded by its own budget; the outer exits go on, its error is kept. CASES L63: the outcome
/// stays a cancellation, the failed exit is attached.
#[test]
fn an_inner_exit_that_hangs_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let inner = journal
            .resource("inner")
            .exit(Step::Hang)
            .lifespan()
            .exit_timeout(Duration::from_secs(7));
        let started = Instant::now();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope
            .run(outer.scope(async |_| {
                inner
                    .scope(async |_| -> Result<(), Error> {
                        canceller.cancel();
                        std::future::pending().await
                    })
                    .await
            }))
            .await;
        assert_eq!(started.elapsed(), Duration::from_secs(7));
        let error = outcome.into_value().unwrap().unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.attached().len(), 1);
        assert!(error.attached()[0].is_timeout());
        assert_eq!(
            journal.lines()[2..4],
            ["exit inner: cancelled", "report Failed inner: within 7s"]
        );
        assert_eq!(journal.lines()[4], "exit outer: cancelled");
    });
}

/// A guard does not hold its body back: it is adopted, with the body's cause.
#[test]
fn guard_in_a_cancelled_body_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let guard = journal.resource("guard").exit(Step::Yield).lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(outer.scope_ok(async |_| {
            let _live = guard.enter().await.unwrap();
            canceller.cancel();
            std::future::pending::<()>().await;
        }));
        assert!(outcome.await.is_cancelled());
        journal.assert([
            "enter outer",
            "enter guard",
            "exit guard: cancelled",
            "exited guard",
            "exit outer: cancelled",
        ]);
    });
}

/// A guard whose exit is awaited is not interrupted: its exit counts as live.
#[test]
fn cancelled_while_a_guard_exits_law_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let guard = journal.resource("guard").exit(Step::Yield).lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            let live = guard.enter().await.unwrap();
            let stop = async {
                canceller.cancel();
            };
            tokio::join!(live.exit(), stop).0.unwrap();
            journal.log("go on");
            std::future::pending::<()>().await;
        });
        assert!(outcome.await.is_cancelled());
        journal.assert(["enter guard", "exit guard: completed", "exited guard", "go on"]);
    });
}

/// CASES P43, L43: cancelled during an exit, twice: nothing happens to it, and nothing runs again.
#[test]
fn cancelled_during_an_exit_law_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let watcher = async {
            journal.reached("exit db: completed").await;
            assert!(canceller.cancel());
            assert!(!canceller.cancel());
            journal.log("cancelled");
        };
        let (outcome, ()) = tokio::join!(scope.run(db.scope_ok(async |_| 5)), watcher);
        let Outcome::CompletedAnyway(Ok(5), error) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(error.by(), lifespan::cancellation::CancelledBy::ThisScope);
        journal.assert(["enter db", "exit db: completed", "cancelled", "exited db"]);
    });
}

/// CASES P65: what a body captured is dropped when the scope returns, not later.
#[test]
fn captured_values_are_dropped_promptly() {
    locally(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let captured = Dropped(&journal, "captured");
        let outcome = scope.run(async move {
            let _captured = captured;
            canceller.cancel();
            std::future::pending::<()>().await;
        });
        assert!(outcome.await.is_cancelled());
        journal.assert(["captured"]);
    });
}

/// CASES P45: a cancellation reaches all descendants at once.
#[test]
fn all_descendants_at_once() {
    paused().block_on(async {
        let outer = CancelScope::new();
        let canceller = outer.canceller();
        let _ = outer
            .run(async {
                let inner = CancelScope::new();
                let seen = inner.canceller();
                let nested = inner.run(async {
                    let innermost = CancelScope::new();
                    let deep = innermost.canceller();
                    let run = innermost.run(async {
                        canceller.cancel();
                        assert!(seen.is_cancelled() && deep.is_cancelled());
                    });
                    let _ = run.await;
                });
                let _ = nested.await;
            })
            .await;
    });
}

/// CASES P111: the cause of every exit on the way out is that of the cancellation.
#[test]
fn causes_of_timeouts_law_15() {
    everywhere(|| async {
        struct Told(std::sync::mpsc::Sender<(Cause, String)>);
        impl lifespan::ScopedResource for Told {
            async fn exit(self, exit: &lifespan::Exit) -> Result<(), lifespan::BoxError> {
                let text = exit.error().unwrap_or_default().to_owned();
                self.0.send((exit.cause(), text))?;
                Ok(())
            }
        }
        let (told, causes) = std::sync::mpsc::channel();
        let db = lifespan::Lifespan::of(std::future::ready(Told(told)));
        let late = lifespan::timeout(
            Duration::from_millis(1),
            db.scope_ok(async |_| std::future::pending::<()>().await),
        );
        assert!(late.await.unwrap_err().is_timeout());
        let (cause, text) = causes.recv().unwrap();
        assert_eq!(cause, Cause::TimedOut);
        assert!(text.starts_with("the deadline of the `timeout` at "), "{text}");
    });
}
