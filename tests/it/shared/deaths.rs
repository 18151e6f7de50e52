//! A shared resource that dies while it is used.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::poll;
use lifespan::{BoxError, Error, Lifespan, Service, Shared};
use tokio::sync::Notify;

use crate::everywhere::everywhere;
use crate::journal::{Db, Journal, Step};

/// Law 21: a resource that dies exits when its leases are gone, and who comes then gets a fresh one.
#[test]
fn one_that_dies_exits_after_its_leases() {
    everywhere(|| async {
        let journal = Journal::new();
        let gate = Arc::new(Notify::new());
        let service = Shared::new({
            let (journal, gate) = (journal.clone(), Arc::clone(&gate));
            move || {
                let (log, gate) = (journal.clone(), Arc::clone(&gate));
                let service = Service::start(async move |ready, stop| -> io::Result<()> {
                    log.log("ready");
                    ready.set(());
                    tokio::select! {
                        () = gate.notified() => Err(io::Error::other("reset")),
                        () = stop.requested() => Ok(()),
                    }
                });
                service.named(journal.unique("service"))
            }
        });
        let lease = service.acquire().await.unwrap();
        gate.notify_one();
        lease.closed().await;
        assert!(lease.is_closed());
        let (released, fresh) = tokio::join!(
            async {
                journal.log("release");
                lease.release().await
            },
            service.acquire()
        );
        assert_eq!(released.unwrap_err().primary().to_string(), "reset");
        fresh.unwrap().release().await.unwrap();
        let lines = journal.lines();
        // On another thread it may end before anybody waits for that, and is reported as well.
        let lines = lines.iter().filter(|line| !line.starts_with("report"));
        assert!(lines.eq(["ready", "release", "ready"]));
    });
}

/// While others still have leases of one that has died, who comes waits for a fresh one.
#[test]
fn who_comes_to_one_that_has_died_waits() {
    everywhere(|| async {
        let lives = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Notify::new());
        let service = Shared::new({
            let (lives, gate) = (Arc::clone(&lives), Arc::clone(&gate));
            move || {
                let (gate, life) = (Arc::clone(&gate), lives.fetch_add(1, Ordering::SeqCst));
                Service::start(async move |ready, stop| -> io::Result<()> {
                    ready.set(life);
                    tokio::select! {
                        () = gate.notified() => Err(io::Error::other("reset")),
                        () = stop.requested() => Ok(()),
                    }
                })
            }
        });
        let lease = service.acquire().await.unwrap();
        gate.notify_one();
        lease.closed().await;
        let mut late = Box::pin(service.acquire());
        assert!(poll!(&mut late).is_pending());
        lease.release().await.unwrap_err();
        let fresh = late.await.unwrap();
        assert_eq!(**fresh, 1);
        fresh.release().await.unwrap();
    });
}

/// One that dies as soon as it has entered fails those who wait for it, rather than enter again and again.
#[test]
fn one_that_dies_before_it_is_used_fails_who_waits() {
    everywhere(|| async {
        let service = Shared::new(|| {
            Service::start(async |ready, _| -> io::Result<()> {
                ready.set(());
                Err(io::Error::other("reset"))
            })
        });
        // On another thread, somebody may be quick enough to use it.
        let died = match service.acquire().await {
            Err(error) => error,
            Ok(lease) => {
                lease.closed().await;
                lease.release().await.unwrap_err()
            }
        };
        assert_eq!(died.primary().to_string(), "reset");
    });
}

/// What fails as an enter unwinds that nobody waits for any more is reported (law 23).
#[test]
fn what_fails_with_nobody_to_hear_it_is_reported() {
    everywhere(|| async {
        let journal = Journal::new();
        let (ours, here) = (journal.clone(), Arc::new(Notify::new()));
        let is_here = Arc::clone(&here);
        let shared = Shared::new(move || {
            let (journal, here) = (ours.clone(), Arc::clone(&is_here));
            Lifespan::of(async move {
                let inner = journal.resource("inner").exit(Step::Fail("reset")).lifespan();
                let waiting = inner.scope(async |_| -> Result<Db, Error> {
                    here.notify_one();
                    std::future::pending().await
                });
                Ok::<_, BoxError>(waiting.await?)
            })
        });
        let user = tokio::spawn({
            let shared = shared.clone();
            async move { shared.acquire().await.map(drop) }
        });
        here.notified().await;
        user.abort();
        assert!(user.await.unwrap_err().is_cancelled());
        journal.reached("report Failed inner: reset").await;
        let lines = journal.lines();
        assert_eq!(lines[..2], ["enter inner", "exit inner: cancelled"]);
    });
}
