//! What is live inside of a cancelled body is counted, named, woken and asked, whoever polls it and with whichever waker
//! (laws 13 to 15).

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;
use futures_util::stream::{FuturesUnordered, StreamExt};
use lifespan::{CancelScope, Error, Exit, Lifespan, LocalResource, cancellation::Outcome};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use super::forever;
use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::{Journal, Script, Step};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

type Boxed = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

fn boxed(script: Script) -> Boxed {
    Box::pin(script.lifespan().scope_ok(forever::<()>))
}

/// One that was polled once, with nothing in it, counts: the body waits for it until the grace is over.
#[test]
fn counted_from_its_first_poll_law_13() {
    paused().block_on(async {
        let journal = Journal::new();
        let mut kept = boxed(journal.resource("kept").enter(Step::Hang));
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let started = Instant::now();
        let outcome = scope.run(async {
            assert!(poll!(&mut kept).is_pending());
            canceller.cancel();
            pending::<()>().await;
        });
        assert!(outcome.await.is_cancelled());
        assert_eq!(started.elapsed(), SECOND);
        journal.assert(["report NotPolled kept"]);
    });
}

/// One that has answered in this round, and has ended since, answers for none of the others.
#[test]
fn answers_leave_with_who_gave_them_law_13() {
    paused().block_on(async {
        let journal = Journal::new();
        let mut kept = boxed(journal.resource("kept"));
        let polled = journal.resource("polled").exit(Step::Yield).lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let started = Instant::now();
        let outcome = scope.run(async {
            assert!(poll!(&mut kept).is_pending());
            let stop = async {
                canceller.cancel();
            };
            let _ = futures_util::join!(polled.scope_ok(forever::<()>), stop);
            pending::<()>().await;
        });
        assert!(outcome.await.is_cancelled());
        assert_eq!(started.elapsed(), SECOND);
        assert_eq!(
            journal.lines()[4..],
            ["exit polled: cancelled", "exited polled", "report NotPolled kept"]
        );
    });
}

/// One that was polled with the waker of its task, and then only with one of its own, and the other way round.
#[test]
fn moved_between_wakers_law_13() {
    everywhere(|| async {
        for alone_first in [false, true] {
            let journal = Journal::new();
            let mut child = boxed(journal.resource("child").exit(Step::Yield));
            let scope = CancelScope::new().grace(HOUR);
            let canceller = scope.canceller();
            let body = async {
                if !alone_first {
                    assert!(poll!(&mut child).is_pending());
                }
                let mut alone: FuturesUnordered<_> = [child].into_iter().collect();
                assert!(poll!(alone.next()).is_pending());
                if alone_first {
                    let mut child = Pin::new(&mut alone).iter_pin_mut().next().unwrap();
                    assert!(poll!(child.as_mut()).is_pending());
                    return assert!(child.await.unwrap_err().is_cancelled());
                }
                assert!(alone.next().await.unwrap().unwrap_err().is_cancelled());
            };
            let stop = async {
                yield_now().await;
                canceller.cancel();
            };
            let (outcome, ()) = futures_util::join!(scope.run(body), stop);
            assert!(outcome.is_cancelled());
            journal.assert(["enter child", "wait", "exit child: cancelled", "exited child"]);
        }
    });
}

/// Cancelled in the poll in which its leaves were polled, each with a waker of its own, and after them.
#[test]
fn cancelled_after_the_look_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let names = ["a", "b", "c"];
        let leaves = names.map(|name| boxed(journal.resource(name).exit(Step::Yield)));
        let scope = CancelScope::new().grace(HOUR);
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            let mut all: FuturesUnordered<_> = leaves.into_iter().collect();
            assert!(poll!(all.next()).is_pending());
            canceller.cancel();
            while all.next().await.is_some() {}
        });
        assert!(outcome.await.is_cancelled());
        assert_eq!(journal.exit_tasks(), 1);
        assert_eq!(journal.lines().len(), 12);
    });
}

/// The same two levels further in: what had nothing live inside has just got something.
#[test]
fn cancelled_in_the_poll_of_its_first_child_law_13() {
    everywhere(|| async {
        for alone in [false, true] {
            let journal = Journal::new();
            let (outer, inner) = (journal.resource("outer"), journal.resource("inner").exit(Step::Yield));
            let (outer, inner) = (outer.lifespan(), boxed(inner));
            let scope = CancelScope::new().grace(HOUR);
            let canceller = scope.canceller();
            let outer = outer.scope_ok(async |_| {
                yield_now().await;
                let mut all: FuturesUnordered<_> = [inner].into_iter().collect();
                assert!(poll!(all.next()).is_pending());
                canceller.cancel();
                assert!(all.next().await.unwrap().unwrap_err().is_cancelled());
                pending::<()>().await;
            });
            let outcome = scope.run(async {
                if alone {
                    let mut all: FuturesUnordered<_> = [outer].into_iter().collect();
                    assert!(all.next().await.unwrap().unwrap_err().is_cancelled());
                } else {
                    assert!(outer.await.unwrap_err().is_cancelled());
                }
            });
            assert!(outcome.await.is_cancelled());
            journal.assert([
                "enter outer",
                "enter inner",
                "wait",
                "exit inner: cancelled",
                "exited inner",
                "exit outer: cancelled",
            ]);
        }
    });
}

/// By another thread, at any moment.
#[test]
fn cancelled_by_another_thread_law_13() {
    multi_thread().block_on(async {
        for round in 0..300_u32 {
            let scope = CancelScope::new().grace(HOUR);
            let canceller = scope.canceller();
            let begin = Arc::new(Barrier::new(2));
            let thread = thread::spawn({
                let begin = Arc::clone(&begin);
                move || {
                    begin.wait();
                    for _ in 0..round * 20 {
                        std::hint::spin_loop();
                    }
                    canceller.cancel();
                }
            });
            let journal = Journal::new();
            let outer = journal.resource("outer").lifespan();
            let leaves: Vec<_> = (0..4)
                .map(|_| boxed(journal.resource("leaf").exit(Step::Yield)))
                .collect();
            let (direct, alone) = (
                journal.resource("direct").lifespan(),
                journal.resource("alone").lifespan(),
            );
            let outcome = scope.run(outer.scope_ok(async |_| {
                begin.wait();
                let mut all: FuturesUnordered<_> = leaves.into_iter().collect();
                let alone = async {
                    let _ = poll!(all.next());
                    {
                        let alone = alone.scope_ok(async |_| while all.next().await.is_some() {});
                        let _ = [alone].into_iter().collect::<FuturesUnordered<_>>().next().await;
                    }
                    // If that was refused.
                    while all.next().await.is_some() {}
                };
                let _ = futures_util::join!(direct.scope_ok(forever::<()>), alone);
                pending::<()>().await;
            }));
            let outcome = timeout(60 * SECOND, outcome).await;
            assert!(outcome.expect("a waker was lost").is_cancelled());
            thread.join().unwrap();
        }
    });
}

/// Enters a scope in its exit, in a container that polls what was woken.
struct Parting(Journal, bool);

impl LocalResource for Parting {
    async fn exit_local(self, exit: &Exit) -> Result<(), lifespan::BoxError> {
        let Parting(journal, direct) = self;
        let inner = boxed(journal.resource("inner").exit(Step::Yield));
        if direct {
            assert!(inner.await.unwrap_err().is_timeout());
        } else {
            let all: FuturesUnordered<_> = [inner].into_iter().collect();
            all.collect::<Vec<_>>().await;
        }
        journal.log(format!("left: {:?}", exit.remaining()));
        Ok(())
    }
}

/// What is in an exit unwinds when the budget of that runs out, in the poll in which it does.
#[test]
fn budget_of_an_exit_law_6() {
    paused().block_on(async {
        for direct in [true, false] {
            let journal = Journal::new();
            let started = Instant::now();
            let parting = std::future::ready(Parting(journal.clone(), direct));
            let parting = Lifespan::of(parting).exit_timeout(SECOND);
            let error = parting.scope_ok(async |_| ()).await.unwrap_err();
            assert!(error.is_timeout());
            assert_eq!(started.elapsed(), SECOND);
            journal.assert([
                "enter inner",
                "wait",
                "exit inner: timed out",
                "exited inner",
                "left: Some(0ns)",
            ]);
        }
    });
}

/// What is in an enter as well.
#[test]
fn budget_of_an_enter_law_17() {
    paused().block_on(async {
        let journal = Journal::new();
        let started = Instant::now();
        let leaves = ["a", "b"].map(|name| boxed(journal.resource(name).exit(Step::Yield)));
        let outer = Lifespan::new(
            async {
                let all: FuturesUnordered<_> = leaves.into_iter().collect();
                all.collect::<Vec<_>>().await;
                Ok::<_, Error>(())
            },
            async |(), _| (),
        );
        let _ = outer.enter_timeout(SECOND).scope_ok(async |_| ()).await;
        assert_eq!(started.elapsed(), SECOND);
        let mut exits = journal.lines().split_off(4);
        exits.sort();
        assert_eq!(
            exits,
            ["exit a: timed out", "exit b: timed out", "exited a", "exited b"]
        );
    });
}

/// The body around a scope learns of the cancellation when that scope has ended, and not before: here it never does.
#[test]
fn delivered_with_its_end_law_15() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            {
                let mut inner = pin!(inner.scope_ok(forever::<()>));
                assert!(poll!(&mut inner).is_pending());
                canceller.cancel();
                assert!(poll!(&mut inner).is_pending());
                journal.log("dropped");
            }
            7
        });
        let outcome = outcome.await;
        assert!(matches!(outcome, Outcome::CompletedAnyway(7, _)), "{outcome:?}");
        assert_eq!(
            journal.lines()[..4],
            ["enter inner", "wait", "exit inner: cancelled", "dropped"]
        );
    });
}

/// And through a scope in between, which had nothing else in it.
#[test]
fn delivered_through_another_law_15() {
    everywhere(|| async {
        let journal = Journal::new();
        let (tx, inner) = (journal.resource("tx").lifespan(), journal.resource("inner").lifespan());
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        canceller.cancel();
        let outcome = scope.run(async {
            assert!(tx.scope_ok(async |_| ()).await.unwrap_err().is_cancelled());
            assert!(inner.enter().await.is_err());
            7
        });
        assert!(matches!(outcome.await, Outcome::Cancelled(_, Some(7))));
        journal.assert([]);
    });
}

/// What is refused holds nothing back, also if it is made to wait first and is then kept.
#[test]
fn refused_is_not_counted_law_14() {
    paused().block_on(async {
        let started = Instant::now();
        let journal = Journal::new();
        let scope = CancelScope::new();
        scope.canceller().cancel();
        let outcome = scope.run(async {
            let all = (0..100).map(|_| boxed(journal.resource("db")));
            let mut all = pin!(join_all(all));
            assert!(poll!(&mut all).is_pending());
            pending::<()>().await;
        });
        assert!(outcome.await.is_cancelled());
        assert_eq!(started.elapsed(), Duration::ZERO);
        journal.assert([]);
    });
}
