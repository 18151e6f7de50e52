//! What makes unwinding hard: scopes that nobody polls, that move, that hide in tasks and runtimes of their own. None of it
//! hangs (law 13).

use std::future::{Future, pending, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::time::Duration;

use futures_util::stream::{self, FuturesUnordered, StreamExt};
use futures_util::{FutureExt, poll};
use lifespan::{
    BoxError, CancelScope, Enter, Error, Exit, Lifespan, ScopedResource,
    cancellation::{Outcome, effective_deadline},
    timeout,
};
use tokio::sync::Notify;
use tokio::task::{LocalSet, yield_now};
use tokio::time::{Instant, sleep};

use super::forever;
use crate::everywhere::{everywhere, locally, multi_thread, paused};
use crate::journal::{Journal, Step, panic_of};

const SECOND: Duration = Duration::from_secs(1);

/// A live scope kept in a variable and no longer polled: after the grace the body is dropped, it is adopted, and the report
/// names it.
#[test]
fn kept_in_a_variable_law_13() {
    paused().block_on(async {
        for grace in [None, Some(3 * SECOND)] {
            let journal = Journal::new();
            let (outer, kept) = (
                journal.resource("outer").lifespan(),
                journal.resource("kept").exit(Step::Yield).lifespan(),
            );
            let started = Instant::now();
            let scope = CancelScope::new();
            let scope = match grace {
                None => scope,
                Some(grace) => scope.grace(grace),
            };
            let canceller = scope.canceller();
            let outcome = scope.run(outer.scope_ok(async |_| {
                let mut kept = pin!(kept.scope_ok(forever::<()>));
                tokio::select! {
                    _ = &mut kept => {}
                    () = yield_now() => {}
                }
                canceller.cancel();
                pending::<()>().await;
            }));
            assert!(outcome.await.is_cancelled());
            assert_eq!(started.elapsed(), grace.unwrap_or(SECOND));
            journal.assert([
                "enter outer",
                "enter kept",
                "wait",
                "report NotPolled kept",
                "exit kept: cancelled",
                "exited kept",
                "exit outer: cancelled",
            ]);
        }
    });
}

/// One that has noticed and is then left alone in the middle of its exit: the next round finds it silent.
#[test]
fn left_alone_after_it_noticed_law_13() {
    paused().block_on(async {
        let journal = Journal::new();
        let kept = journal.resource("kept").exit(Step::Sleep(SECOND / 2)).lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let started = Instant::now();
        let outcome = scope.run(async {
            let mut kept = pin!(kept.scope_ok(forever::<()>));
            assert!(poll!(&mut kept).is_pending());
            canceller.cancel();
            assert!(poll!(&mut kept).is_pending());
            pending::<()>().await;
        });
        assert!(outcome.await.is_cancelled());
        assert_eq!(started.elapsed(), 2 * SECOND);
        assert_eq!(
            journal.lines()[2..],
            [
                "exit kept: cancelled",
                "report NotPolled kept",
                "report Interrupted kept"
            ]
        );
    });
}

/// A live scope that is leaked. The honest limit: it never exits. The report names it.
#[test]
fn leaked_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let (outer, leaked) = (
            journal.resource("outer").lifespan(),
            journal.resource("leaked").lifespan(),
        );
        let scope = CancelScope::new().grace(Duration::from_millis(1));
        let canceller = scope.canceller();
        let outcome = scope.run(outer.scope_ok(async |_| {
            let mut leaked = Box::pin(leaked.scope_ok(async |_| pending::<()>().await));
            assert!(poll!(&mut leaked).is_pending());
            std::mem::forget(leaked);
            canceller.cancel();
            pending::<()>().await;
        }));
        assert!(outcome.await.is_cancelled());
        journal.assert([
            "enter outer",
            "enter leaked",
            "report NotPolled leaked",
            "exit outer: cancelled",
        ]);
    });
}

/// A grace needs a timer; without one it is a single further poll.
#[test]
fn kept_without_a_time_driver_law_13() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::new();
        let kept = journal.resource("kept").lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            let mut kept = pin!(kept.scope_ok(async |_| pending::<()>().await));
            assert!(poll!(&mut kept).is_pending());
            canceller.cancel();
            pending::<()>().await;
        });
        assert!(outcome.await.is_cancelled());
        assert_eq!(journal.lines().last().unwrap(), "exit kept: cancelled");
    });
}

type Boxed<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

fn boxed<'a>(journal: &Journal, name: &'static str) -> Boxed<'a> {
    let db = journal.resource(name).exit(Step::Yield).lifespan();
    Box::pin(db.scope_ok(forever::<()>))
}

/// Pinned boxes of two live scopes, swapped between the branches that poll them: each unwinds where it is polled, and each
/// branch waits for the one that began in it.
#[test]
fn swapped_between_branches_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let boxes = Mutex::new([boxed(&journal, "one"), boxed(&journal, "other")]);
        let boxes = &boxes;
        let branch = |index: usize| {
            let polls = poll_fn(move |cx| boxes.lock().unwrap()[index].as_mut().poll(cx));
            async move {
                assert!(polls.await.unwrap_err().is_cancelled());
                pending::<()>().await;
            }
        };
        let (left, right) = (CancelScope::new(), CancelScope::new());
        let stops = [left.canceller(), right.canceller()];
        let swap = async {
            yield_now().await;
            let [one, other] = &mut *boxes.lock().unwrap();
            std::mem::swap(one, other);
            for stop in stops {
                stop.cancel();
            }
        };
        let (left, right, ()) = futures_util::join!(left.run(branch(0)), right.run(branch(1)), swap);
        assert!(left.is_cancelled() && right.is_cancelled());
        assert_eq!(journal.exit_tasks(), 1);
        let mut lines = journal.lines();
        lines.sort();
        let each = [
            "enter one",
            "enter other",
            "exit one: cancelled",
            "exit other: cancelled",
            "exited one",
            "exited other",
            "wait",
            "wait",
        ];
        assert_eq!(lines, each);
    });
}

/// A live scope that outlives the cancel scope it began in is out of its reach, and goes on where it is polled.
#[test]
fn outlives_its_cancel_scope() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let mut db = pin!(db.scope_ok(async |_| {
            yield_now().await;
            yield_now().await;
            7
        }));
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let begins = scope.run(async { assert!(poll!(&mut db).is_pending()) });
        assert!(matches!(begins.await, Outcome::Completed(())));
        assert!(!canceller.cancel());
        assert_eq!(db.await.unwrap(), 7);
        journal.assert(["enter db", "exit db: completed", "exited db"]);
    });
}

/// A child first polled in one cancel scope, then moved to a sibling; the first one is cancelled: it unwinds where it is
/// polled, and the first one waits for it.
#[test]
fn moved_to_a_sibling_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let slot = Mutex::new(Some(boxed(&journal, "child")));
        let moved = Notify::new();
        let first = CancelScope::new();
        let cancel_first = first.canceller();
        let first = first.run(async {
            let mut child = slot.lock().unwrap().take().unwrap();
            assert!(poll!(&mut child).is_pending());
            *slot.lock().unwrap() = Some(child);
            moved.notify_one();
            pending::<()>().await;
        });
        let sibling = CancelScope::new().run(async {
            moved.notified().await;
            let child = slot.lock().unwrap().take().unwrap();
            cancel_first.cancel();
            let told = child.await;
            journal.log("sibling told");
            assert!(told.unwrap_err().is_cancelled());
            yield_now().await;
            journal.log("sibling goes on");
        });
        let (first, sibling) = tokio::join!(first, sibling);
        assert!(first.is_cancelled());
        assert!(matches!(sibling, Outcome::Completed(())));
        journal.assert([
            "enter child",
            "wait",
            "exit child: cancelled",
            "exited child",
            "sibling told",
            "sibling goes on",
        ]);
    });
}

/// The same where only what was woken is polled: the first one is woken by the end of what it waits for, and not by the
/// grace.
#[test]
fn moved_to_a_sibling_that_is_polled_alone_law_13() {
    paused().block_on(async {
        let journal = Journal::new();
        let started = Instant::now();
        let slot = Mutex::new(Some(boxed(&journal, "child")));
        let first = CancelScope::new();
        let cancel_first = first.canceller();
        let first = first.run(async {
            let mut child = slot.lock().unwrap().take().unwrap();
            assert!(poll!(&mut child).is_pending());
            *slot.lock().unwrap() = Some(child);
            pending::<()>().await;
        });
        let sibling = CancelScope::new().run(async {
            let child = slot.lock().unwrap().take().unwrap();
            cancel_first.cancel();
            assert!(child.await.unwrap_err().is_cancelled());
        });
        let both: [Pin<Box<dyn Future<Output = Outcome<()>>>>; 2] = [Box::pin(first), Box::pin(sibling)];
        let mut both: FuturesUnordered<_> = both.into_iter().collect();
        assert!(!both.next().await.unwrap().is_cancelled());
        assert!(both.next().await.unwrap().is_cancelled());
        assert_eq!(started.elapsed(), Duration::ZERO);
    });
}

/// In containers that poll only what was woken.
#[test]
fn inside_futures_unordered_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let children = ["a", "b"].map(|name| boxed(&journal, name));
        let outcome = scope.run(outer.scope_ok(async |_| {
            let mut all: FuturesUnordered<_> = children.into_iter().collect();
            let stop = async {
                yield_now().await;
                canceller.cancel();
            };
            let collect = async {
                while all.next().await.is_some() {}
                pending::<()>().await;
            };
            futures_util::join!(collect, stop);
        }));
        assert!(outcome.await.is_cancelled());
        let mut lines = journal.lines();
        assert_eq!(lines.pop().unwrap(), "exit outer: cancelled");
        lines.sort();
        let each = [
            "enter a",
            "enter b",
            "enter outer",
            "exit a: cancelled",
            "exit b: cancelled",
            "exited a",
            "exited b",
            "wait",
            "wait",
        ];
        assert_eq!(lines, each);
    });
}

/// In a boxed stream, in `select!`, and where tokio never makes it wait.
#[test]
fn inside_a_stream_select_and_unconstrained_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let child = boxed(&journal, "child");
        let outcome = scope.run(tokio::task::unconstrained(async {
            let mut stream = stream::once(child).boxed();
            let stop = async {
                yield_now().await;
                canceller.cancel();
                pending::<()>().await;
            };
            tokio::select! {
                told = stream.next() => assert!(told.unwrap().unwrap_err().is_cancelled()),
                () = stop => {}
            }
            journal.log("told");
            pending::<()>().await;
        }));
        assert!(outcome.await.is_cancelled());
        journal.assert(["enter child", "wait", "exit child: cancelled", "exited child", "told"]);
    });
}

/// A `LocalSet` inside of a body polls other tasks on our stack: they are other tasks, and not cancelled.
#[test]
fn local_set_inside_a_body_law_13() {
    locally(|| async {
        let journal = Journal::new();
        let (outer, inner) = (
            journal.resource("outer").lifespan(),
            journal.resource("inner").exit(Step::Yield).lifespan(),
        );
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let inside = journal.clone();
        let outcome = scope.run(outer.scope_ok(async |_| {
            let set = LocalSet::new();
            let task = set.spawn_local(async move {
                assert_eq!(effective_deadline(), None);
                inner
                    .scope_ok(async |db| {
                        canceller.cancel();
                        yield_now().await;
                        db.log("not cancelled");
                    })
                    .await
                    .unwrap();
                inside.log("local task ends");
            });
            set.run_until(lifespan::shield(task)).await.unwrap();
            pending::<()>().await;
        }));
        assert!(outcome.await.is_cancelled());
        journal.assert([
            "enter outer",
            "enter inner",
            "not cancelled",
            "exit inner: completed",
            "exited inner",
            "local task ends",
            "exit outer: cancelled",
        ]);
    });
}

/// A nested `block_on` of another runtime inside of a body: it blocks the body, and a cancellation reaches into it.
#[test]
fn nested_block_on_law_13() {
    let runtime = multi_thread();
    runtime.block_on(async {
        tokio::spawn(async {
            let journal = Journal::new();
            let inner = journal.resource("inner").exit(Step::Yield).lifespan();
            let scope = CancelScope::new();
            let canceller = scope.canceller();
            let outcome = scope.run(async {
                let told = tokio::task::block_in_place(|| {
                    paused().block_on(inner.scope_ok(async |_| {
                        canceller.cancel();
                        pending::<()>().await;
                    }))
                });
                assert!(told.unwrap_err().is_cancelled());
                pending::<()>().await;
            });
            assert!(outcome.await.is_cancelled());
            journal.assert(["enter inner", "exit inner: cancelled", "exited inner"]);
        })
        .await
        .unwrap();
    });
}

/// A resource whose exit uses a scope of its own.
struct Nests {
    inner: Option<Boxed<'static>>,
    journal: Journal,
}

impl ScopedResource for Nests {
    async fn exit(mut self, exit: &Exit) -> Result<(), BoxError> {
        self.journal.log(format!("exit nests: {}", exit.cause()));
        if let Some(inner) = self.inner.take() {
            let told = inner.await;
            self.journal
                .log(format!("told: {:?}", told.map_err(|error| error.kind())));
        }
        Ok(())
    }
}

fn nests(journal: &Journal, inner: Boxed<'static>) -> Lifespan<Nests, impl Enter<Nests>> {
    let nests = Nests { inner: Some(inner), journal: journal.clone() };
    Lifespan::of(std::future::ready(nests)).named("nests")
}

/// CASES L38: a scope inside of an exit does not inherit the cancellation of the scope that exits.
#[test]
fn scope_inside_an_exit_law_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let inner: Boxed<'static> = Box::pin(inner.scope_ok(async |_| yield_now().await));
        let nests = nests(&journal, inner);
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(nests.scope_ok(async |_| {
            canceller.cancel();
            pending::<()>().await;
        }));
        assert!(outcome.await.is_cancelled());
        journal.assert([
            "exit nests: cancelled",
            "enter inner",
            "exit inner: completed",
            "exited inner",
            "told: Ok(())",
        ]);
    });
}

/// Law 6: when an exit's budget runs out, what lives inside of it unwinds.
#[test]
fn scope_inside_an_exit_that_runs_out_of_time_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let inner = journal.resource("inner").exit(Step::Sleep(2 * SECOND)).lifespan();
        let inner: Boxed<'static> = Box::pin(inner.scope_ok(forever::<()>));
        let started = Instant::now();
        let error = nests(&journal, inner)
            .exit_timeout(5 * SECOND)
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "resource `nests` did not exit within 5s");
        assert_eq!(started.elapsed(), 7 * SECOND);
        journal.assert([
            "exit nests: completed",
            "enter inner",
            "wait",
            "exit inner: timed out",
            "exited inner",
            "told: Err(DeadlinePassed)",
        ]);
    });
}

/// CASES P40: a `catch_unwind` between levels; and the place of the code is right again after a panic at any level.
#[test]
fn catch_unwind_between_levels() {
    everywhere(|| async {
        let journal = Journal::new();
        let (outer, inner) = (
            journal.resource("outer").lifespan(),
            journal.resource("inner").exit(Step::Yield).lifespan(),
        );
        let scope = CancelScope::new().timeout(60 * SECOND);
        let canceller = scope.canceller();
        let outcome = scope.run(outer.scope_ok(async |_| {
            let deadline = effective_deadline();
            assert!(deadline.is_some());
            let panics = inner.scope_ok(async |_| -> () {
                yield_now().await;
                panic!("inside")
            });
            assert_eq!(panic_of(panics).await, "inside");
            assert_eq!(effective_deadline(), deadline);
            let nested = AssertUnwindSafe(timeout(SECOND, async { panic!("nested") }));
            assert!(nested.catch_unwind().await.is_err());
            assert_eq!(effective_deadline(), deadline);
            canceller.cancel();
            pending::<()>().await;
        }));
        assert!(outcome.await.is_cancelled());
        assert_eq!(effective_deadline(), None);
        journal.assert([
            "enter outer",
            "enter inner",
            "exit inner: panicked (inside)",
            "exited inner",
            "exit outer: cancelled",
        ]);
    });
}

/// Cancelled from another thread, at any moment: no wake-up is missed.
#[test]
fn cancelled_from_another_thread() {
    let runtime = multi_thread();
    for turn in 0..500_u32 {
        runtime.block_on(async {
            let scope = CancelScope::new();
            let canceller = scope.canceller();
            let stop = std::thread::spawn(move || {
                for _ in 0..turn {
                    std::hint::spin_loop();
                }
                canceller.cancel();
            });
            let (a, b) = (
                Journal::new().resource("a").exit(Step::Yield).lifespan(),
                Journal::new().resource("b").exit(Step::Yield).lifespan(),
            );
            let outcome = scope.run(a.scope(async |_| b.scope_ok(async |_| pending::<()>().await).await));
            assert!(outcome.await.is_cancelled());
            stop.join().unwrap();
        });
    }
}

/// A shield in a container that polls only what was woken: it is woken to say that it is still polled, and so not given up
/// after the grace.
#[test]
fn shield_inside_futures_unordered_law_13() {
    paused().block_on(async {
        let started = Instant::now();
        let late = timeout(SECOND, async {
            let sleeps = lifespan::shield(sleep(5 * SECOND));
            let mut all: FuturesUnordered<_> = std::iter::once(sleeps).collect();
            all.next().await;
            assert_eq!(started.elapsed(), 5 * SECOND);
            pending::<()>().await;
        });
        assert!(late.await.is_err());
        assert_eq!(started.elapsed(), 5 * SECOND);
    });
}

/// Cancelled between the look at the body and the moment at which there is a waker: by an exit that the body abandoned.
#[test]
fn cancelled_by_an_adopted_exit_law_13() {
    everywhere(|| async {
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let guard = Lifespan::new(async { Ok::<_, Error>(()) }, async move |(), _| {
            canceller.cancel();
        });
        let outcome = scope.run(async {
            drop(guard.enter().await);
            pending::<()>().await;
        });
        assert!(outcome.await.is_cancelled());
    });
}

/// CASES P64: no busy loop while a body waits for what unwinds inside of it.
#[test]
fn no_busy_loop_law_13() {
    paused().block_on(async {
        let slow = Journal::new().resource("slow").exit(Step::Sleep(100 * SECOND));
        let slow = slow.lifespan().exit_timeout(None);
        let mut late = pin!(timeout(SECOND, async {
            let _ = futures_util::join!(slow.scope_ok(forever::<()>), pending::<()>());
        }));
        let mut polls = 0;
        let counted = poll_fn(|cx| {
            polls += 1;
            late.as_mut().poll(cx)
        });
        assert!(counted.await.is_err());
        // Once a second it is asked whether it is still polled.
        assert!(polls < 320, "{polls} polls");
    });
}

/// Law 6: an exit that the cancelled body awaits through a handed-over guard is not interrupted either.
#[test]
fn handed_over_guard_in_a_cancelled_body() {
    everywhere(|| async {
        let journal = Journal::new();
        let guard = journal.resource("guard").exit(Step::Yield).lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            let ticket = guard.enter().await.unwrap().hand_over();
            canceller.cancel();
            ticket.accept().exit().await.unwrap();
            pending::<()>().await;
        });
        assert!(outcome.await.is_cancelled());
        journal.assert(["enter guard", "exit guard: completed", "exited guard"]);
    });
}

/// The unpolled, the slow and the quick in one body: each round only who answers is waited for.
#[test]
fn mixed_law_13() {
    paused().block_on(async {
        let journal = Journal::new();
        let (kept, slow) = (
            journal.resource("kept").lifespan(),
            journal.resource("slow").exit(Step::Sleep(5 * SECOND)).lifespan(),
        );
        let started = Instant::now();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            let mut kept = pin!(kept.scope_ok(async |_| pending::<()>().await));
            assert!(poll!(&mut kept).is_pending());
            let stop = async {
                canceller.cancel();
                sleep(SECOND / 2).await;
            };
            let _ = futures_util::join!(slow.scope_ok(forever::<()>), stop, pending::<()>());
        });
        assert!(outcome.await.is_cancelled());
        assert_eq!(
            journal.lines()[2..],
            [
                "wait",
                "exit slow: cancelled",
                "exited slow",
                "report NotPolled kept",
                "exit kept: cancelled"
            ]
        );
        // In the round that ends then nobody answers any more.
        assert_eq!(started.elapsed(), 5 * SECOND);
    });
}
