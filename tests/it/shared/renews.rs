//! `renew`: the new one is there before the old one goes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::poll;
use lifespan::testing::{At, sweep};
use lifespan::{Error, ErrorKind, Shared, drain};
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::swept_db;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

const PATIENCE: Duration = Duration::from_secs(5);

/// The first is `one`, all others do this when they enter.
fn versions(journal: &Journal, enter: Step) -> Shared<Db> {
    let (journal, made) = (journal.clone(), AtomicUsize::new(0));
    Shared::new(move || match made.fetch_add(1, Ordering::Relaxed) {
        0 => journal.resource("one").exit(Step::Yield).lifespan(),
        _ => journal
            .resource("two")
            .enter(enter.clone())
            .exit(Step::Yield)
            .lifespan(),
    })
}

#[test]
fn there_is_no_gap() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = versions(&journal, Step::Yield);
        let old = db.acquire().await.unwrap();
        let new = db.renew().await.unwrap();
        old.log("old");
        let user = db.acquire().await.unwrap();
        user.log("new");
        old.release().await.unwrap();
        user.release().await.unwrap();
        new.release().await.unwrap();
        journal.assert([
            "enter one",
            "enter two",
            "old",
            "new",
            "exit one: completed",
            "exited one",
            "exit two: completed",
            "exited two",
        ]);
    });
}

/// Of two, the one that was asked for last, whichever enters first.
#[test]
fn two_at_once() {
    everywhere(|| async {
        let journal = Journal::new();
        let (made, log) = (AtomicUsize::new(0), journal.clone());
        let db = Shared::new(move || match made.fetch_add(1, Ordering::Relaxed) {
            0 => log.resource("slow").enter(Step::Yield).lifespan(),
            _ => log.resource("quick").lifespan(),
        });
        let (slow, quick) = tokio::join!(biased; db.renew(), db.renew());
        let (slow, quick) = (slow.unwrap(), quick.unwrap());
        let user = db.acquire().await.unwrap();
        user.log("user");
        slow.log("slow");
        slow.release().await.unwrap();
        quick.release().await.unwrap();
        user.log("still quick");
        user.release().await.unwrap();
        let lines = journal.lines();
        assert_eq!(lines[lines.len() - 2..], ["still quick", "exit quick: completed"]);
    });
}

/// With no other user, it is as `acquire`.
#[test]
fn nothing_was_there() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = versions(&journal, Step::Now);
        db.renew().await.unwrap().release().await.unwrap();
        journal.assert(["enter one", "exit one: completed", "exited one"]);
    });
}

#[test]
fn one_that_does_not_enter_leaves_the_old_one() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = versions(&journal, Step::Fail("no such file"));
        let old = db.acquire().await.unwrap();
        let error: Error = db.renew().await.unwrap_err();
        assert_eq!(error.primary().to_string(), "no such file");
        db.acquire().await.unwrap().log("old");
        old.release().await.unwrap();
        journal.assert(["enter one", "old", "exit one: completed", "exited one"]);
    });
}

#[test]
fn one_that_is_dropped_leaves_the_old_one() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = versions(&journal, Step::Hang);
        let old = db.acquire().await.unwrap();
        {
            let mut renewing = Box::pin(db.renew());
            assert!(poll!(&mut renewing).is_pending());
            yield_now().await;
        }
        assert!(drain().await.is_clean());
        db.acquire().await.unwrap().log("old");
        old.release().await.unwrap();
        journal.assert(["enter one", "old", "exit one: completed", "exited one"]);
    });
}

#[test]
fn swept_laws_1_and_8() {
    for at in [At::Cancel, At::Drop] {
        let swept = paused().block_on(sweep(at, async |journal| {
            let db = swept_db(&journal);
            let other = db.clone();
            db.lease().scope(async |_| other.renew().await?.release().await).await
        }));
        assert!(swept.points() >= 5, "{at:?}: {swept:?}");
        let swept = paused().block_on(sweep(at, async |journal| {
            let db = swept_db(&journal);
            let other = db.clone();
            db.lease()
                .scope(async |_| other.renew_within(PATIENCE).await?.release().await)
                .await
        }));
        assert!(swept.points() >= 5, "{at:?}: {swept:?}");
    }
}

/// The old one is in use when its time is over: its user is told, and it exits when that lets go.
#[test]
fn the_old_one_has_a_time() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = versions(&journal, Step::Now);
        let old = db.acquire().await.unwrap();
        let began = Instant::now();
        let new = db.renew_within(PATIENCE).await.unwrap();
        assert!(!old.is_closed());
        old.closed().await;
        assert_eq!(
            (began.elapsed(), old.is_closed(), new.is_closed()),
            (PATIENCE, true, false)
        );
        db.acquire().await.unwrap().log("new");
        old.release().await.unwrap();
        new.release().await.unwrap();
        journal.assert([
            "enter one",
            "enter two",
            "new",
            "exit one: completed",
            "exited one",
            "exit two: completed",
            "exited two",
        ]);
    });
}

/// Nobody waits for the time of one that was let go of before.
#[test]
fn the_old_one_may_leave_before_its_time() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = versions(&journal, Step::Now);
        let (old, began) = (db.acquire().await.unwrap(), Instant::now());
        let new = db.renew_within(PATIENCE).await.unwrap();
        old.release().await.unwrap();
        new.release().await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
        let again = db.acquire().await.unwrap();
        sleep(2 * PATIENCE).await;
        assert!(!again.is_closed(), "the time was that of another");
        again.release().await.unwrap();
    });
}

/// It is the exit of the old one that fails, and its last user who is told.
#[test]
fn a_user_that_does_not_let_go_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let (made, log) = (AtomicUsize::new(0), journal.clone());
        let db = Shared::new(move || {
            let name = ["one", "two"][made.fetch_add(1, Ordering::Relaxed)];
            log.resource(name).lifespan().exit_timeout(PATIENCE)
        });
        let (old, began) = (db.acquire().await.unwrap(), Instant::now());
        let new = db.renew_within(PATIENCE).await.unwrap();
        sleep(4 * PATIENCE).await;
        old.log("still there");
        let error = old.release().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
        assert!(began.elapsed() >= 4 * PATIENCE);
        new.release().await.unwrap();
    });
}

/// Refused before anything is entered.
#[test]
fn a_time_that_cannot_be_kept() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::new();
        let db = versions(&journal, Step::Now);
        let error = db.renew_within(PATIENCE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoTimer);
        assert!(error.to_string().contains("\nhelp: "), "{error}");
        journal.assert([]);
    });
}
