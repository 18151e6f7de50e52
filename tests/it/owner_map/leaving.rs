//! Members that go: removed, closed elsewhere, or dead.

use std::io;
use std::sync::Arc;

use lifespan::{Error, ErrorKind, OwnerMap, Service, task::OwnerState};
use tokio::sync::Notify;

use super::with_map;
use crate::everywhere::everywhere;
use crate::journal::{Journal, Step};

/// The one exit is everybody's (CASES P124, L67).
#[test]
fn all_who_remove_or_close_get_the_same_outcome() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let bad = journal.resource("a").exit(Step::Fail("reset")).lifespan();
            map.insert('a', bad).await.unwrap();
            let a = map.get(&'a').expect("it is there");
            let (removed, closed) = tokio::join!(map.remove(&'a'), a.close());
            for error in [removed.unwrap_err(), closed.unwrap_err()] {
                assert_eq!(error.primary().to_string(), "reset");
            }
        });
        ended.await.unwrap();
        journal.assert(["enter a", "exit a: completed"]);
    });
}

/// CASES P133: one that panics is out, and reported; the others go on (law 21).
#[test]
fn one_that_dies_is_out_and_reported() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            for (key, name) in [('a', "a"), ('b', "b")] {
                let member = journal.resource(name).exit(Step::Yield).lifespan();
                map.insert(key, member).await.unwrap();
            }
            let a = map.get(&'a').unwrap();
            let error: Error = a
                .with(async |_| -> Result<(), Error> { panic!("boom") })
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Panicked);
            let died = a.closed().await.unwrap_err();
            assert_eq!(died.kind(), ErrorKind::Panicked);
            assert!(map.get(&'a').is_none());
            assert_eq!((map.keys(), a.state()), (vec!['b'], OwnerState::Failed));
            let b = map.get(&'b').unwrap();
            b.with_ok(async |db| db.log("b works")).await.unwrap();
            map.insert('a', journal.resource("new").lifespan()).await.unwrap();
            map.remove(&'a').await.unwrap();
        });
        ended.await.unwrap();
        journal.assert([
            "enter a",
            "enter b",
            "exit a: panicked (a call panicked: boom)",
            "exited a",
            "report Failed a: boom",
            "b works",
            "enter new",
            "exit new: completed",
            "exit b: completed",
            "exited b",
        ]);
    });
}

/// Law 21: a service in the map that dies is out, reported once with what it died of, and the others go on.
#[test]
fn a_service_that_dies_is_out_and_reported() {
    everywhere(|| async {
        let journal = Journal::new();
        let gate = Arc::new(Notify::new());
        let service = |name, gate: Option<Arc<Notify>>| {
            let service = Service::start(async move |ready, stop| -> io::Result<()> {
                ready.set(());
                let Some(gate) = gate else {
                    stop.requested().await;
                    return Ok(());
                };
                gate.notified().await;
                Err(io::Error::other("reset"))
            });
            service.named(journal.unique(name))
        };
        let ended = OwnerMap::new().scope_ok(async |map| {
            let dying = service("dying", Some(Arc::clone(&gate)));
            let dying = map.insert(1, dying).await.unwrap();
            map.insert(2, service("other", None)).await.unwrap();
            gate.notify_one();
            let _ = dying.closed().await;
            assert_eq!((map.keys(), dying.state()), (vec![2], OwnerState::Failed));
            drop(dying);
        });
        ended.await.unwrap();
        journal.assert(["report Failed dying: reset"]);
    });
}

/// One that is closed by a handle of it leaves as if it were removed.
#[test]
fn one_that_is_closed_elsewhere_is_out() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let a = journal.resource("a").lifespan();
            let a = map.insert('a', a).await.unwrap();
            a.close().await.unwrap();
            assert!(map.is_empty() && map.remove(&'a').await.is_err());
        });
        ended.await.unwrap();
        journal.assert(["enter a", "exit a: completed"]);
    });
}
