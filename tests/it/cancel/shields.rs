//! Shields: what is cancelled around them does not reach what is inside, and takes effect after.

use std::future::pending;
use std::time::Duration;

use lifespan::{CancelScope, cancellation::CancelledBy, shield, shield_for, timeout};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

/// CASES P47, P48: it runs to its end, and then the cancellation that waits outside hits.
#[test]
fn protects_and_then_the_cancellation_hits() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            let inside = db.scope_ok(async |db| {
                canceller.cancel();
                yield_now().await;
                yield_now().await;
                db.log("still here");
            });
            shield(inside).await.unwrap();
            journal.log("after");
            yield_now().await;
            journal.log("never here");
        });
        assert!(outcome.await.is_cancelled());
        journal.assert(["enter db", "still here", "exit db: completed", "exited db", "after"]);
    });
}

/// CASES P50, P136: cleaning up by hand under a cancellation.
#[test]
fn clean_up_under_a_cancellation() {
    paused().block_on(async {
        let journal = Journal::new();
        let late = timeout(SECOND, async {
            let sleeps = shield(async {
                sleep(3 * SECOND).await;
                journal.log("cleaned up");
            });
            tokio::join!(pending::<()>(), sleeps)
        });
        let started = Instant::now();
        assert!(late.await.is_err());
        assert_eq!(started.elapsed(), 3 * SECOND);
        journal.assert(["cleaned up"]);
    });
}

/// CASES P49: a deadline inside of a shield, and a shield inside of a deadline.
#[test]
fn deadline_inside_a_shield_inside_a_deadline() {
    paused().block_on(async {
        let started = Instant::now();
        let late = timeout(SECOND, async {
            let inner = shield(timeout(5 * SECOND, pending::<()>())).await;
            assert_eq!(inner.unwrap_err().by(), CancelledBy::Deadline);
            assert_eq!(started.elapsed(), 5 * SECOND);
            pending::<()>().await;
        });
        assert!(late.await.is_err());
        let own = timeout(SECOND, shield_for(2 * SECOND, pending::<()>())).await;
        assert_eq!(started.elapsed(), 7 * SECOND);
        assert!(own.unwrap_err().is_timeout());
    });
}

/// CASES P47: no shield from oneself, nor from what is inside.
#[test]
fn not_from_itself() {
    everywhere(|| async {
        let scope = CancelScope::new().shielded();
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            canceller.cancel();
            pending::<()>().await;
        });
        let error = outcome.await.into_result().unwrap_err();
        assert_eq!(error.by(), CancelledBy::ThisScope);
    });
}

/// CASES P47, P54: taken away and set while it runs, with effect at once.
#[test]
fn toggled_while_it_runs() {
    paused().block_on(async {
        for removed in [false, true] {
            let started = Instant::now();
            let outer = CancelScope::new();
            let canceller = outer.canceller();
            let outcome = outer
                .run(async {
                    let inner = CancelScope::new();
                    let shield = inner.canceller();
                    shield.set_shielded(true);
                    let toggle = async {
                        sleep(SECOND).await;
                        canceller.cancel();
                        sleep(SECOND).await;
                        assert!(!shield.is_cancelled());
                        if removed {
                            shield.set_shielded(false);
                            assert!(shield.is_cancelled());
                        }
                    };
                    let sleeps = sleep(5 * SECOND);
                    let (inner, ()) = tokio::join!(inner.run(sleeps), shield_for_toggle(toggle));
                    (inner.is_cancelled(), started.elapsed())
                })
                .await;
            let expected = if removed { (true, 2 * SECOND) } else { (false, 5 * SECOND) };
            assert_eq!(outcome.into_value().unwrap(), expected);
        }
    });
}

async fn shield_for_toggle(toggle: impl Future<Output = ()>) {
    shield(toggle).await;
}

/// CASES P51: cancelled from inside first, then from around: both end as cancelled, the inner one with its own reason.
#[test]
fn inner_then_outer_law_15() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Sleep(3 * SECOND)).lifespan();
        let outer = CancelScope::new();
        let stop_outer = outer.canceller();
        let outcome = outer.run(async {
            let inner = CancelScope::new();
            let stop_inner = inner.canceller();
            let stop = shield(async {
                stop_inner.cancel_because("inner");
                sleep(SECOND).await;
                stop_outer.cancel_because("outer");
            });
            let (inner, ()) = tokio::join!(inner.run(db.scope_ok(async |_| pending::<()>().await)), stop);
            assert_eq!(inner.cancellation().unwrap().reason(), Some("inner"));
            journal.log("inner told");
        });
        let outcome = outcome.await;
        assert!(outcome.is_cancelled());
        assert_eq!(outcome.cancellation().unwrap().reason(), Some("outer"));
        journal.assert(["enter db", "exit db: cancelled", "exited db", "inner told"]);
    });
}

/// CASES P52: both cancelled: the outermost reason reaches everything that had none.
#[test]
fn outer_then_inner_law_15() {
    everywhere(|| async {
        let outer = CancelScope::new();
        let stop_outer = outer.canceller();
        let outcome = outer.run(async {
            let inner = CancelScope::new();
            let stop_inner = inner.canceller();
            let inner = inner.run(async {
                assert!(stop_outer.cancel_because("outer"));
                assert!(!stop_inner.cancel_because("inner"));
                pending::<()>().await;
            });
            let inner = inner.await.into_result().unwrap_err();
            (inner.by(), inner.cancellation().reason().map(str::to_owned))
        });
        let told = outcome.await.into_value().unwrap();
        assert_eq!(told, (CancelledBy::Outer, Some("outer".to_owned())));
    });
}

/// A shielded exit that sleeps: exits are shielded without a word.
#[test]
fn exits_are_shielded_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Sleep(2 * SECOND)).lifespan();
        let late = timeout(SECOND, db.scope_ok(async |_| ()));
        // The body completed long before the deadline; it passed during the exit.
        late.await.unwrap().unwrap();
        journal.assert(["enter db", "exit db: completed", "exited db"]);
    });
}
