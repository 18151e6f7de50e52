//! A shared resource: entered when it is first used, once, and exited when the last user leaves (laws 1, 8; CASES P130, P131, L82–L84,
//! L86, L88).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use lifespan::{Error, ErrorKind, Lifespan, Resource, Service, Shared, drain};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

fn client(journal: &Journal) -> Shared<Db> {
    let journal = journal.clone();
    Shared::new(move || {
        let script = journal.resource("client");
        script.enter(Step::Yield).exit(Step::Yield).lifespan()
    })
}

/// CASES L82, L88.
#[test]
fn entered_once_for_all_and_exited_after_the_last() {
    everywhere(|| async {
        let journal = Journal::new();
        let shared = client(&journal);
        let users = futures_util::future::join_all((0..5).map(|_| shared.acquire())).await;
        let mut users: Vec<_> = users.into_iter().map(Result::unwrap).collect();
        let last = users.pop().unwrap();
        for user in users {
            user.release().await.unwrap();
        }
        journal.assert(["enter client"]);
        last.release().await.unwrap();
        journal.assert(["enter client", "exit client: completed", "exited client"]);
        assert_eq!(journal.exit_tasks(), 1);
    });
}

#[test]
fn unused_it_is_not_entered() {
    everywhere(|| async {
        let journal = Journal::new();
        drop(client(&journal));
        let _ = drain().await;
        journal.assert([]);
    });
}

/// CASES P130.
#[test]
fn a_use_during_the_exit_waits_and_gets_a_fresh_one() {
    everywhere(|| async {
        let journal = Journal::new();
        let shared = client(&journal);
        drop(shared.acquire().await.unwrap());
        let fresh = shared.acquire().await.unwrap();
        fresh.log("used");
        fresh.release().await.unwrap();
        journal.assert([
            "enter client",
            "exit client: completed",
            "exited client",
            "enter client",
            "used",
            "exit client: completed",
            "exited client",
        ]);
    });
}

/// CASES L83: the same error for all who wait, and the next tries afresh.
#[test]
fn a_failed_enter_is_everybodys_and_the_next_one_tries_again() {
    everywhere(|| async {
        let journal = Journal::new();
        let (log, tries) = (journal.clone(), AtomicUsize::new(0));
        let shared = Shared::new(move || {
            let script = log.resource("client");
            match tries.fetch_add(1, Ordering::Relaxed) {
                0 => script.enter(Step::Fail("refused")).lifespan(),
                _ => script.lifespan(),
            }
        });
        let (one, two) = tokio::join!(shared.acquire(), shared.acquire());
        for error in [one.map(drop).unwrap_err(), two.map(drop).unwrap_err()] {
            assert_eq!(error.primary().to_string(), "refused");
        }
        shared.acquire().await.unwrap().release().await.unwrap();
        journal.assert(["enter client", "exit client: completed"]);
    });
}

/// CASES P131, L84, L86: the first user goes in mid-enter, and the others are not harmed; if none is left, nothing leaks.
#[test]
fn a_first_user_that_goes_harms_nobody() {
    everywhere(|| async {
        let journal = Journal::new();
        let shared = client(&journal);
        let mut first = Box::pin(shared.acquire());
        assert!(futures_util::poll!(&mut first).is_pending());
        let mut second = Box::pin(shared.acquire());
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        second.await.unwrap().release().await.unwrap();
        journal.assert(["enter client", "exit client: completed", "exited client"]);

        let mut alone = Box::pin(shared.acquire());
        assert!(futures_util::poll!(&mut alone).is_pending());
        drop(alone);
        // It gets a whole one, be it that the enter before it was cancelled, or exits.
        shared.acquire().await.unwrap().release().await.unwrap();
        for _ in 0..10 {
            yield_now().await;
        }
        let _ = drain().await;
        let lines = journal.lines();
        let count = |what| lines.iter().filter(|line| *line == what).count();
        assert_eq!(count("enter client"), count("exited client"), "{lines:?}");
    });
}

#[test]
fn a_use_in_its_own_exit_is_an_error_and_no_deadlock() {
    paused().block_on(async {
        let slot = Arc::new(OnceLock::<Shared<Resource<()>>>::new());
        let seen = Arc::new(std::sync::Mutex::new(None));
        let (shared, told) = (slot.clone(), seen.clone());
        let make = move || {
            let (shared, told) = (shared.clone(), told.clone());
            Lifespan::new(async { Ok::<_, Error>(()) }, async move |(), _| {
                let again = shared.get().unwrap().acquire().await;
                *told.lock().unwrap() = again.map(drop).err().map(|error| error.kind());
            })
        };
        slot.set(Shared::new(make)).ok().unwrap();
        let lease = slot.get().unwrap().acquire().await.unwrap();
        lease.release().await.unwrap();
        assert_eq!(*seen.lock().unwrap(), Some(ErrorKind::Deadlock));
    });
}

/// It exits when nobody has it any more, also if it has died before.
#[test]
fn one_that_dies_in_use_exits_after_its_users() {
    paused().block_on(async {
        let (die, told) = oneshot::channel::<()>();
        let told = std::sync::Mutex::new(Some(told));
        let shared = Shared::new(move || {
            let told = told.lock().unwrap().take().unwrap();
            Service::start(async |ready, _| -> Result<(), Error> {
                ready.set(7);
                let _ = told.await;
                Ok(())
            })
        });
        let lease = shared.acquire().await.unwrap();
        die.send(()).unwrap();
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!(**lease, 7);
        let error = lease.release().await.unwrap_err();
        assert_eq!(
            error.primary().to_string(),
            "it ended before it was asked to stop"
        );
    });
}
