//! Law 15: timeouts and deadlines are cancel scopes.

use std::future::pending;
use std::time::Duration;

use lifespan::{
    CancelScope, Error, ErrorKind, Lifespan,
    cancellation::{CancelledBy, Outcome, effective_deadline},
    shield_for, timeout, timeout_at,
};
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::forever;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step, panic_of};

const SECOND: Duration = Duration::from_secs(1);

/// CASES P55: within time, and out of it. In place of tokio's, with the exit awaited.
#[test]
fn timeout_law_15() {
    paused().block_on(async {
        let journal = Journal::new();
        let started = Instant::now();
        assert_eq!(timeout(SECOND, async { 7 }).await.unwrap(), 7);
        let db = journal.resource("db").exit(Step::Sleep(5 * SECOND)).lifespan();
        let late = timeout(SECOND, db.scope_ok(forever::<()>)).await.unwrap_err();
        assert_eq!((late.by(), late.is_timeout()), (CancelledBy::Deadline, true));
        assert_eq!(started.elapsed(), 6 * SECOND);
        journal.assert(["enter db", "wait", "exit db: timed out", "exited db"]);
    });
}

/// CASES P55, P61: a deadline that has passed: the body is polled once, nothing is entered, what is ready completes.
#[test]
fn passed_already_law_15() {
    everywhere(|| async {
        let ago = Instant::now();
        yield_now().await;
        for at in [ago, Instant::now()] {
            let journal = Journal::new();
            assert_eq!(timeout_at(at, async { 7 }).await.unwrap(), 7);
            let db = journal.resource("db").lifespan();
            let late = timeout_at(at, async {
                journal.log("body");
                let error = db.scope_ok(async |_| ()).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::DeadlinePassed);
                assert!(error.is_timeout() && !error.is_cancelled());
                pending::<()>().await;
            });
            assert!(late.await.unwrap_err().is_timeout());
            assert!(timeout(Duration::ZERO, pending::<()>()).await.is_err());
            journal.assert(["body"]);
        }
    });
}

/// CASES P61: one that no clock can hold.
#[test]
fn endless_law_15() {
    everywhere(|| async {
        assert!(timeout(Duration::MAX, yield_now()).await.is_ok());
    });
}

/// CASES P57: moved later, earlier, and away, while the body runs.
#[test]
fn moved_law_15() {
    paused().block_on(async {
        let started = Instant::now();
        let scope = CancelScope::new().timeout(SECOND);
        let canceller = scope.canceller();
        let mover = async {
            sleep(SECOND / 2).await;
            canceller.set_deadline(started + 10 * SECOND);
            sleep(5 * SECOND).await;
            canceller.set_deadline(None);
            sleep(100 * SECOND).await;
            assert_eq!(canceller.deadline(), None);
            canceller.set_deadline(started + 200 * SECOND);
            sleep(SECOND).await;
            // Earlier than now.
            canceller.set_deadline(started);
            assert_eq!(canceller.deadline(), Some(started));
        };
        let (outcome, ()) = tokio::join!(scope.run(pending::<()>()), mover);
        let Outcome::Cancelled(late, None) = outcome else { panic!("{outcome:?}") };
        assert_eq!(late.by(), CancelledBy::Deadline);
        assert_eq!(started.elapsed(), Duration::from_millis(106_500));
    });
}

/// Set between the look at the deadline and the moment at which there is a waker: by an exit that the body abandoned.
#[test]
fn set_by_an_adopted_exit_law_15() {
    paused().block_on(async {
        let started = Instant::now();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let guard = Lifespan::new(async { Ok::<_, Error>(()) }, async move |(), _| {
            canceller.set_deadline(started + SECOND);
        });
        let outcome = scope.run(async {
            drop(guard.enter().await);
            pending::<()>().await;
        });
        assert!(outcome.await.into_result().unwrap_err().is_timeout());
        assert_eq!(started.elapsed(), SECOND);
    });
}

/// The earliest of those around, up to a shield.
#[test]
fn effective_law_15() {
    paused().block_on(async {
        let now = Instant::now();
        assert_eq!(effective_deadline(), None);
        let outer = timeout(2 * SECOND, async {
            assert_eq!(effective_deadline(), Some(now + 2 * SECOND));
            let later = timeout(5 * SECOND, async { effective_deadline() });
            assert_eq!(later.await.unwrap(), Some(now + 2 * SECOND));
            let db = Journal::new().resource("db").lifespan();
            let sooner = timeout(
                SECOND,
                db.scope_ok(async |_| {
                    yield_now().await;
                    effective_deadline()
                }),
            );
            assert_eq!(sooner.await.unwrap().unwrap(), Some(now + SECOND));
            let shielded = shield_for(9 * SECOND, async { effective_deadline() });
            assert_eq!(shielded.await.unwrap(), Some(now + 9 * SECOND));
            assert_eq!(lifespan::shield(async { effective_deadline() }).await, None);
            // Another task is elsewhere.
            let spawned = tokio::spawn(async { effective_deadline() });
            assert_eq!(spawned.await.unwrap(), None);
        });
        outer.await.unwrap();
        assert_eq!(effective_deadline(), None);
    });
}

/// CASES P59: duplicate deadlines all fire; the first that is told is the outer one's, which reaches all below.
#[test]
fn timeout_around_a_timeout_law_15() {
    paused().block_on(async {
        for (outer, inner) in [(1, 1), (1, 2), (2, 1)] {
            let journal = Journal::new();
            let db = journal.resource("db").exit(Step::Yield).lifespan();
            let started = Instant::now();
            let both = timeout(outer * SECOND, async {
                let late = timeout(inner * SECOND, db.scope_ok(forever::<()>)).await;
                late.unwrap_err().by()
            });
            match both.await {
                Ok(by) => assert_eq!((by, inner), (CancelledBy::Deadline, 1)),
                Err(late) => assert_eq!((late.by(), outer), (CancelledBy::Deadline, 1)),
            }
            assert_eq!(started.elapsed(), SECOND);
            journal.assert(["enter db", "wait", "exit db: timed out", "exited db"]);
        }
    });
}

/// CASES P56: cancelled before its deadline is no timeout; after it, no cancellation.
#[test]
fn first_reason_is_kept_law_15() {
    paused().block_on(async {
        let scope = CancelScope::new().timeout(SECOND);
        let canceller = scope.canceller();
        let stop = async {
            sleep(SECOND / 2).await;
            canceller.cancel_because("bored");
            sleep(SECOND).await;
        };
        let slow = Journal::new().resource("slow").exit(Step::Sleep(3 * SECOND));
        let run = scope.run(slow.lifespan().scope_ok(forever::<()>));
        let (outcome, ()) = tokio::join!(run, stop);
        assert_eq!(outcome.cancellation().unwrap().reason(), Some("bored"));
        assert!(!outcome.into_result().unwrap_err().is_timeout());

        let scope = CancelScope::new().timeout(SECOND);
        let canceller = scope.canceller();
        let stop = async {
            sleep(2 * SECOND).await;
            assert!(!canceller.cancel_because("bored"));
        };
        let slow = Journal::new().resource("slow").exit(Step::Sleep(3 * SECOND));
        let run = scope.run(slow.lifespan().scope_ok(forever::<()>));
        let (outcome, ()) = tokio::join!(run, stop);
        assert!(outcome.into_result().unwrap_err().is_timeout());
    });
}

/// Without a time driver a deadline is refused in words, not ignored.
#[test]
fn no_time_driver() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let text = panic_of(timeout(SECOND, pending::<()>())).await;
        assert!(text.contains("help: ") && text.contains("enable_time"), "{text}");
        // What is ready needs none.
        assert_eq!(timeout(SECOND, async { 7 }).await.unwrap(), 7);
    });
}
