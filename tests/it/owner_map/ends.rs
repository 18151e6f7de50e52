//! How a map ends.

use std::sync::Arc;
use std::time::Duration;

use lifespan::{BoxError, CancelScope, Error, ErrorKind, Lifespan, OwnerMap, drain, keyed::InsertError};
use tokio::sync::{Barrier, Notify, oneshot};
use tokio::time::{Instant, sleep};

use super::{Dbs, with_map};
use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

/// All are asked before one is waited for; each exits within its own budget (CASES P135, L1), and each failure is told (law 23).
#[test]
fn all_exit_side_by_side_and_every_failure_is_kept() {
    paused().block_on(async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let second = Duration::from_secs(1);
            let member = |name, exit| journal.resource(name).exit(exit).lifespan();
            map.insert('s', member("slow", Step::Sleep(5 * second))).await.unwrap();
            map.insert('b', member("bad", Step::Fail("reset"))).await.unwrap();
            let hung = member("hung", Step::Hang).exit_timeout(second);
            map.insert('h', hung).await.unwrap();
        });
        let begun = tokio::time::Instant::now();
        let error = ended.await.unwrap_err();
        assert_eq!(begun.elapsed(), Duration::from_secs(5));
        assert_eq!(error.primary().to_string(), "reset");
        let [hung] = error.attached() else { panic!("{error:?}") };
        assert_eq!(hung.kind(), ErrorKind::TimedOut);
        let lines = journal.lines();
        assert_eq!(lines.len(), 7, "{lines:?}");
        assert_eq!(lines[6], "exited slow");
    });
}

/// A budget that the map is given bounds each of its members (CASES P127).
#[test]
fn a_budget_of_the_map_caps_those_of_its_members() {
    paused().block_on(async {
        let journal = Journal::new();
        let second = Duration::from_secs(1);
        let map = OwnerMap::new().exit_timeout(2 * second);
        let begun = tokio::time::Instant::now();
        let ended = map.scope_ok(async |map: &mut Dbs| {
            let hung = journal.resource("hung").exit(Step::Hang).lifespan();
            map.insert('h', hung).await.unwrap();
        });
        let error = ended.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() <= 2 * second, "{:?}", begun.elapsed());
    });
}

/// A map that closes cancels what enters, and lets nobody in (law 25; CASES L68).
#[test]
fn a_map_that_closes_lets_nobody_in() {
    everywhere(|| async {
        let journal = Journal::new();
        let kept = std::sync::Mutex::new(None);
        let (hung, inserting) = (journal.resource("hung").enter(Step::Hang).lifespan(), Notify::new());
        let inserting = Arc::new(inserting);
        let late = std::sync::Mutex::new(None);
        let ended = with_map(async |map| {
            *kept.lock().unwrap() = Some(map.clone());
            let begun = Arc::clone(&inserting);
            *late.lock().unwrap() = Some(tokio::spawn(async move {
                begun.notify_one();
                map.insert('a', hung).await.map(drop)
            }));
            inserting.notified().await;
        });
        ended.await.unwrap();
        let late = late.into_inner().unwrap().unwrap();
        assert!(late.await.unwrap().is_err());
        let map = kept.into_inner().unwrap().unwrap();
        let refused = map.insert('b', journal.resource("b").lifespan()).await.unwrap_err();
        assert!(matches!(refused, InsertError::Closed(_)), "{refused:?}");
        let b = refused.into_lifespan().expect("it was not entered");
        b.scope_ok(async |_| ()).await.unwrap();
        journal.assert(["enter b", "exit b: completed"]);
    });
}

/// CASES P136: dropped from outside, all exit nevertheless (law 3).
#[test]
fn a_dropped_map_is_rescued() {
    everywhere(|| async {
        let journal = Journal::new();
        let ours = journal.clone();
        let (here, is_here) = oneshot::channel();
        let task = tokio::spawn(with_map(async move |map| {
            map.insert('a', ours.resource("a").exit(Step::Yield).lifespan())
                .await
                .unwrap();
            here.send(()).unwrap();
            std::future::pending::<()>().await;
        }));
        is_here.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        journal.reached("exited a").await;
        journal.assert(["enter a", "exit a: abandoned", "exited a"]);
    });
}

/// One that enters is cancelled, and nobody waits for its enter longer than for that to unwind.
#[test]
fn one_that_still_enters_is_cancelled_by_a_remove_and_by_the_end() {
    paused().block_on(async {
        let journal = Journal::new();
        let slow = |name| {
            let script = journal.resource(name);
            script.enter(Step::Sleep(60 * SECOND)).lifespan()
        };
        let begun = Instant::now();
        let mut inserting = None;
        OwnerMap::new()
            .scope(async |map: &mut OwnerMap<u8, _>| -> Result<(), Error> {
                let (inserted, removed) = tokio::join!(map.insert(1, slow("one")), async {
                    sleep(SECOND).await;
                    map.remove(&1).await
                });
                removed?;
                assert!(Error::from(inserted.map(drop).unwrap_err()).is_cancelled());
                let (map, two) = (map.clone(), slow("two"));
                inserting = Some(tokio::spawn(async move { map.insert(2, two).await.map(drop) }));
                sleep(SECOND).await;
                Ok(())
            })
            .await
            .unwrap();
        assert!(Error::from(inserting.unwrap().await.unwrap().unwrap_err()).is_cancelled());
        assert_eq!(begun.elapsed(), 2 * SECOND);
        drain().await.into_result().unwrap();
        journal.assert([]);
    });
}

/// CASES P136, P138: cancelled from around, all exit, for that cause, before the scope around ends (law 13).
#[test]
fn a_cancelled_map_closes_in_full() {
    everywhere(|| async {
        let journal = Journal::new();
        let around = CancelScope::new();
        let canceller = around.canceller();
        let outcome = around.run(with_map(async |map| {
            map.insert('a', journal.resource("a").exit(Step::Yield).lifespan())
                .await
                .unwrap();
            canceller.cancel();
            std::future::pending::<()>().await;
        }));
        assert!(outcome.await.is_cancelled());
        journal.assert(["enter a", "exit a: cancelled", "exited a"]);
    });
}

/// CASES L52: exits that wait for one another, since they run side by side.
#[test]
fn exits_may_wait_for_one_another() {
    everywhere(|| async {
        let both = Arc::new(Barrier::new(2));
        let ended = OwnerMap::new().scope_ok(async |map| {
            for key in 0..2 {
                let both = Arc::clone(&both);
                let member = Lifespan::new(async { Ok::<_, BoxError>(()) }, async move |(), _| {
                    both.wait().await;
                });
                map.insert(key, member.boxed()).await.unwrap();
            }
        });
        ended.await.unwrap();
    });
}

/// CASES L61, P134: exits that panic or fail keep no other from running, and the error of the body is the primary one (law 23).
#[test]
fn an_exit_that_panics_stops_no_other() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = OwnerMap::new().scope(async |map| -> Result<(), BoxError> {
            let steps = [Step::Panic("boom"), Step::Fail("reset"), Step::Yield];
            for (key, step) in steps.into_iter().enumerate() {
                let member = journal.resource("member").exit(step).lifespan();
                map.insert(key, member.boxed()).await?;
            }
            Err("the body".into())
        });
        assert_eq!(ended.await.unwrap_err().to_string(), "the body");
        let lines = journal.lines();
        let count = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
        assert_eq!((count("exit member: failed"), count("exited member")), (3, 1));
        // One is the map's failure, with the other attached.
        assert_eq!(count("report Failed"), 1, "{lines:#?}");
    });
}
