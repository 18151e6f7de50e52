//! Who is content with the member that is there: one enters for all who come at once.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use futures_util::{FutureExt, poll};
use lifespan::{BoxError, Error, ErrorKind, Exit, Lifespan, OwnerMap, ScopedResource, keyed::InsertError};
use tokio::sync::{Barrier, Notify};
use tokio::task::yield_now;

use super::turns::Old;
use super::with_map;
use crate::everywhere::{everywhere, multi_thread};
use crate::journal::{Db, Journal, Step};

/// Nobody is there: it enters; somebody is: that is it, and nothing is made.
#[test]
fn the_one_that_is_there_or_a_new_one() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let make = || journal.resource("a").enter(Step::Yield).lifespan();
            let (one, two, three) = tokio::join!(
                biased;
                map.get_or_insert('a', make),
                map.get_or_insert('a', make),
                map.get_or_insert('a', make)
            );
            for owner in [one, two, three] {
                owner.unwrap().with_ok(async |db| db.log("used")).await.unwrap();
            }
            let again = map.get_or_insert('a', || -> Lifespan<_> { panic!("it is there") });
            again.await.unwrap().with_ok(async |db| db.log("again")).await.unwrap();
        });
        ended.await.unwrap();
        journal.assert(["enter a", "used", "used", "used", "again", "exit a: completed"]);
    });
}

/// Who comes while the old one leaves waits for that, and one enters for all of them.
#[test]
fn who_comes_while_it_leaves_gets_the_next() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let old = Old::of(&map, &journal).await;
            let make = |name| {
                let journal = journal.clone();
                move || journal.resource(name).enter(Step::Yield).lifespan()
            };
            let (one, two, taken, ()) = tokio::join!(
                biased;
                map.get_or_insert('a', make("one")),
                map.get_or_insert('a', make("two")),
                map.insert('a', make("late")()),
                old.leave()
            );
            // Who waits has a promise (law 25).
            assert!(matches!(taken.unwrap_err(), InsertError::Taken(_)));
            for owner in [one, two] {
                owner.unwrap().with_ok(async |db| db.log("used")).await.unwrap();
            }
        });
        ended.await.unwrap();
        let lines = journal.lines();
        assert_eq!(lines[2..], ["enter one", "used", "used", "exit one: completed"]);
    });
}

/// An enter that fails, or whose caller goes, is no failure of who waits for it: that one tries its own.
#[test]
fn who_waits_for_one_that_fails_tries_its_own() {
    everywhere(|| async {
        for goes in [false, true] {
            let journal = Journal::new();
            let ended = with_map(async |map| {
                let gate = Arc::new(Notify::new());
                let opens = Arc::clone(&gate);
                let bad = || {
                    Lifespan::of(async move {
                        opens.notified().await;
                        Err::<Db, _>(std::io::Error::other("no route"))
                    })
                };
                let good = || journal.resource("good").lifespan();
                let mut first = Box::pin(map.get_or_insert('a', bad));
                assert!(poll!(&mut first).is_pending());
                let mut second = Box::pin(map.get_or_insert('a', good));
                assert!(poll!(&mut second).is_pending());
                if goes {
                    drop(first);
                } else {
                    gate.notify_one();
                    let error = first.await.unwrap_err();
                    assert!(matches!(error, InsertError::Failed(_)), "{error:?}");
                }
                second.await.unwrap();
            });
            ended.await.unwrap();
            journal.assert(["enter good", "exit good: completed"]);
        }
    });
}

/// Nobody is given one that is about to be replaced.
#[test]
fn who_waits_gets_the_one_that_stays() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let gate = Arc::new(Notify::new());
            let (ours, opens) = (journal.clone(), Arc::clone(&gate));
            let one = Lifespan::of(async move {
                opens.notified().await;
                ours.resource("one").open().await
            });
            let new = |name| journal.resource(name).lifespan();
            let (one, guest, two, ()) = tokio::join!(
                biased;
                map.insert('a', one),
                map.get_or_insert('a', || new("guest")),
                map.replace('a', new("two")),
                async { gate.notify_one() }
            );
            one.unwrap();
            two.unwrap();
            let guest = guest.unwrap();
            guest.with_ok(async |db| db.log("stays")).await.unwrap();
        });
        ended.await.unwrap();
        journal.assert([
            "enter one",
            "exit one: completed",
            "enter two",
            "stays",
            "exit two: completed",
        ]);
    });
}

/// A map that closes gives the closure back (law 25); one that panics leaves the key to the next.
#[test]
fn the_closure_comes_back_or_panics() {
    everywhere(|| async {
        let journal = Journal::new();
        let kept = Mutex::new(None);
        let ended = with_map(async |map| {
            let boom = map.get_or_insert('a', || -> Lifespan<_> { panic!("boom") });
            assert!(AssertUnwindSafe(boom).catch_unwind().await.is_err());
            let a = map.get_or_insert('a', || journal.resource("a").lifespan());
            a.await.unwrap();
            *kept.lock().unwrap() = Some(map);
        });
        ended.await.unwrap();
        let map = kept.into_inner().unwrap().unwrap();
        let refused = map.get_or_insert('b', || journal.resource("b").lifespan());
        let refused = refused.await.unwrap_err();
        assert_eq!(refused.to_string(), "the map is closed to key 'b'");
        let make = refused.into_lifespan().expect("it was not called");
        make().scope_ok(async |_| ()).await.unwrap();
        let all = ["enter a", "exit a: completed", "enter b", "exit b: completed"];
        journal.assert(all);
    });
}

/// One that comes for itself, as it exits.
struct Selfish(OwnerMap<u8, Selfish>, Arc<Mutex<Vec<ErrorKind>>>);

impl ScopedResource for Selfish {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        let Selfish(map, seen) = self;
        let make = || Lifespan::of(async { Err::<Selfish, _>(BoxError::from("it enters")) });
        let error = map.get_or_insert(1, make).await.unwrap_err();
        seen.lock().unwrap().push(Error::from(error).kind());
        Ok(())
    }
}

#[test]
fn a_member_gets_itself_or_does_not_wait_for_itself() {
    everywhere(|| async {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let ended = OwnerMap::new().scope(async |map: &mut OwnerMap<u8, Selfish>| {
            let (ours, log) = (map.clone(), Arc::clone(&seen));
            let enter = async move {
                let make = || Lifespan::of(async { Err::<Selfish, _>(BoxError::from("it enters")) });
                let error = ours.get_or_insert(1, make).await.unwrap_err();
                log.lock().unwrap().push(Error::from(error).kind());
                Selfish(ours, log)
            };
            let one = map.get_or_insert(1, || Lifespan::of(enter)).await?;
            one.with_ok(async |Selfish(map, _)| {
                let make = || Lifespan::of(async { Err::<Selfish, _>(BoxError::from("it enters")) });
                map.get_or_insert(1, make).await.map(drop).unwrap();
            })
            .await?;
            map.remove(&1).await?;
            Ok::<_, Error>(())
        });
        ended.await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [ErrorKind::Deadlock; 2]);
    });
}

/// As many as there are threads come, give up and remove it: there is one at a time, and each that entered has exited (law 1).
#[test]
fn a_crowd_of_guests() {
    multi_thread().block_on(async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let barrier = Arc::new(Barrier::new(4));
            let tasks: Vec<_> = (0..4)
                .map(|task| {
                    let (map, barrier, journal) = (map.clone(), Arc::clone(&barrier), journal.clone());
                    tokio::spawn(async move {
                        barrier.wait().await;
                        for round in 0..100 {
                            let make = || {
                                let new = journal.resource("new").enter(Step::Yield);
                                new.exit(Step::Yield).lifespan()
                            };
                            let coming = map.get_or_insert('a', make);
                            match (round + task) % 4 {
                                0 => tokio::select! {
                                    biased;
                                    owner = coming => drop(owner),
                                    () = yield_now() => {}
                                },
                                1 => drop(map.remove(&'a').await),
                                2 => drop(map.replace('a', make()).await),
                                _ => drop(coming.await),
                            }
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        ended.await.unwrap();
        let mut inside = 0;
        for line in journal.lines() {
            match line.as_str() {
                "enter new" => inside += 1,
                "exited new" => inside -= 1,
                _ => {}
            }
            assert!((0..=1).contains(&inside));
        }
        assert_eq!(inside, 0);
    });
}
