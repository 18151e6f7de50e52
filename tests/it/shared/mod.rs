//! [`Shared`]: entered for its first user, exited with its last.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lifespan::testing::{self, Scripted};
use lifespan::{BoxError, Error, ErrorKind, Lifespan, Phase, Shared, timeout};
use tokio::sync::Notify;

use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

mod crowds;
mod deaths;
mod edges;
mod idle;
mod programs;
mod renews;

/// A shared `db` that does these steps in each of its lives.
fn shared(journal: &Journal, enter: Step, exit: Step) -> Shared<Db> {
    let journal = journal.clone();
    Shared::new(move || {
        let db = journal.resource("db");
        db.enter(enter.clone()).exit(exit.clone()).lifespan()
    })
}

/// As [`shared`], for a sweep.
fn swept_db(journal: &testing::Journal) -> Shared<Scripted> {
    let journal = journal.clone();
    Shared::new(move || {
        let db = journal.resource("db");
        db.enter(Step::Yield).exit(Step::Yield).lifespan()
    })
}

/// CASES L82: unused, it is not entered; used by many, it is once; it exits with the last.
#[test]
fn entered_once_and_exited_with_the_last() {
    everywhere(|| async {
        let journal = Journal::new();
        drop(shared(&journal, Step::Now, Step::Now));
        let db = shared(&journal, Step::Yield, Step::Yield);
        let users: Vec<_> = (0..3)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { db.acquire().await })
            })
            .collect();
        let mut leases = Vec::new();
        for user in users {
            leases.push(user.await.unwrap().unwrap());
        }
        leases.push(db.acquire().await.unwrap());
        let last = leases.pop().unwrap();
        for lease in leases {
            lease.log("used");
            lease.release().await.unwrap();
        }
        last.log("last");
        last.release().await.unwrap();
        journal.assert([
            "enter db",
            "used",
            "used",
            "used",
            "last",
            "exit db: completed",
            "exited db",
        ]);
    });
}

/// CASES L88: shared by two scopes, it lives until the outer one ends, for the cause of that.
#[test]
fn lives_until_the_last_scope_ends() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Now, Step::Now);
        let outer = db.lease();
        let ended = outer.scope(async |outer| -> Result<(), BoxError> {
            let inner = db.lease();
            inner.scope_ok(async |inner| inner.log("inner")).await?;
            outer.log("outer");
            Err("failed".into())
        });
        assert_eq!(ended.await.unwrap_err().to_string(), "failed");
        journal.assert(["enter db", "inner", "outer", "exit db: failed (failed)"]);
    });
}

/// CASES P130: who comes while it exits waits for that, and gets a fresh one.
#[test]
fn who_comes_while_it_exits_gets_a_fresh_one() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Now, Step::Yield);
        drop(db.acquire().await.unwrap());
        let fresh = db.acquire().await.unwrap();
        fresh.log("fresh");
        fresh.release().await.unwrap();
        journal.assert([
            "enter db",
            "exit db: abandoned",
            "exited db",
            "enter db",
            "fresh",
            "exit db: completed",
            "exited db",
        ]);
    });
}

/// CASES L83: all who wait get the same error, nothing exits, and the next tries anew.
#[test]
fn a_failed_enter_fails_all_who_wait() {
    everywhere(|| async {
        for (step, kind) in [
            (Step::Fail("no route"), ErrorKind::Failed),
            (Step::Panic("no route"), ErrorKind::Panicked),
        ] {
            let journal = Journal::new();
            let tries = Arc::new(AtomicUsize::new(0));
            let gate = Arc::new(Notify::new());
            let db = Shared::new({
                let (journal, tries) = (journal.clone(), Arc::clone(&tries));
                let gate = Arc::clone(&gate);
                move || {
                    let gate = Arc::clone(&gate);
                    let first = tries.fetch_add(1, Ordering::SeqCst) == 0;
                    let (journal, step) = (journal.clone(), step.clone());
                    Lifespan::of(async move {
                        gate.notified().await;
                        let step = if first { step } else { Step::Now };
                        journal.resource("db").enter(step).open().await
                    })
                    .named("db")
                }
            });
            let open = async { gate.notify_one() };
            let (one, two, ()) = tokio::join!(biased; db.acquire(), db.acquire(), open);
            for error in [one.unwrap_err(), two.unwrap_err()] {
                assert_eq!((error.kind(), error.phase()), (kind, Phase::Enter));
                assert_eq!(error.resource(), "db");
                assert_eq!(error.primary().to_string(), "no route");
            }
            assert_eq!(tries.load(Ordering::SeqCst), 1);
            gate.notify_one();
            db.acquire().await.unwrap().release().await.unwrap();
            journal.assert(["enter db", "exit db: completed"]);
        }
    });
}

/// CASES P131: the first user goes while it enters, and those who wait get it nevertheless.
#[test]
fn the_first_user_goes_and_the_others_get_it() {
    everywhere(|| async {
        let journal = Journal::new();
        let gate = Arc::new(Notify::new());
        let db = Shared::new({
            let (journal, gate) = (journal.clone(), Arc::clone(&gate));
            move || {
                let (journal, gate) = (journal.clone(), Arc::clone(&gate));
                Lifespan::of(async move {
                    journal.log("entering");
                    gate.notified().await;
                    journal.resource("db").open().await
                })
            }
        });
        let user = || {
            let db = db.clone();
            tokio::spawn(async move { db.acquire().await })
        };
        let first = user();
        journal.reached("entering").await;
        let second = user();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        // One more who gives up, and leaves the others alone.
        let late = timeout(Duration::from_millis(1), db.acquire()).await;
        assert!(late.is_err());
        gate.notify_one();
        let lease = second.await.unwrap().unwrap();
        lease.log("second");
        lease.release().await.unwrap();
        let lines = journal.lines();
        assert_eq!(lines, ["entering", "enter db", "second", "exit db: completed"]);
    });
}

/// CASES L84, L86: if nobody waits any more, the enter is cancelled, and stands in nobody's way.
#[test]
fn an_enter_that_nobody_waits_for_is_cancelled() {
    struct Unwound(Journal);
    impl Drop for Unwound {
        fn drop(&mut self) {
            self.0.log("unwound");
        }
    }
    everywhere(|| async {
        let journal = Journal::new();
        let tries = Arc::new(AtomicUsize::new(0));
        let db = Shared::new({
            let journal = journal.clone();
            move || {
                let journal = journal.clone();
                let first = tries.fetch_add(1, Ordering::SeqCst) == 0;
                Lifespan::of(async move {
                    if first {
                        let _unwound = Unwound(journal.clone());
                        journal.log("entering");
                        std::future::pending::<()>().await;
                    }
                    journal.resource("db").open().await
                })
            }
        });
        let user = {
            let db = db.clone();
            tokio::spawn(async move { db.acquire().await })
        };
        journal.reached("entering").await;
        user.abort();
        assert!(user.await.unwrap_err().is_cancelled());
        db.acquire().await.unwrap().release().await.unwrap();
        journal.assert(["entering", "unwound", "enter db", "exit db: completed"]);
    });
}

/// The last who releases it hears of its exit; the others need not wait.
#[test]
fn the_last_hears_of_the_exit() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Now, Step::Fail("reset"));
        let (one, two) = (db.acquire().await.unwrap(), db.acquire().await.unwrap());
        one.release().await.unwrap();
        let error = two.release().await.unwrap_err();
        assert_eq!(error.primary().to_string(), "reset");
        journal.assert(["enter db", "exit db: completed"]);
        drop(db.acquire().await.unwrap());
        journal.reached("report Failed db: reset").await;
    });
}

#[test]
fn debug_says_who_uses_it() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Now, Step::Now);
        assert_eq!(format!("{db:?}"), "Shared { now: None }");
        let lease = db.acquire().await.unwrap();
        let text = format!("{lease:?}");
        assert!(text.starts_with("Lease(Instance { resource: \"db#"), "{text}");
        assert!(text.ends_with("users: 1, state: Some(Live), .. })"), "{text}");
        let error: Result<(), Error> = lease.release().await;
        error.unwrap();
    });
}
