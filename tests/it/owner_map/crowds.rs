//! Many at once, and cut off anywhere: nothing is lost.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lifespan::testing::{At, sweep};
use lifespan::{Error, OwnerMap};
use tokio::sync::Barrier;

use super::with_map;
use crate::everywhere::{multi_thread, paused};
use crate::journal::{Journal, Step};

/// Nothing is lost, whenever who inserts, joins, replaces or removes is cancelled or dropped (CASES P125, P139).
#[test]
fn sweep_over_inserting_and_removing() {
    for at in [At::Cancel, At::Drop] {
        let swept = paused().block_on(sweep(at, async |journal| {
            let member = |name| {
                let script = journal.resource(name).enter(Step::Yield).exit(Step::Yield);
                script.lifespan()
            };
            let map = OwnerMap::new();
            map.scope(async |map: &mut OwnerMap<u8, _>| -> Result<(), Error> {
                map.insert(1, member("a")).await?;
                map.insert(2, member("b")).await?;
                map.replace(1, member("c")).await?;
                map.remove(&2).await?;
                let coming = || map.get_or_insert(3, || member("d"));
                let (one, two) = tokio::join!(coming(), coming());
                one?;
                two?;
                Ok(())
            })
            .await
        }));
        assert!(swept.points() >= 6, "{at:?}: {swept:?}");
    }
}

/// As many as there are threads insert, replace and remove; nobody is left, and each who entered has exited once (law 1).
#[test]
fn a_crowd_on_two_threads() {
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
                            let new = journal.resource("new").exit(Step::Yield).lifespan();
                            match (round + task) % 3 {
                                0 => drop(map.insert('a', new).await),
                                1 => drop(map.replace('a', new).await),
                                _ => drop(map.remove(&'a').await),
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
        let count = |what| journal.lines().iter().filter(|line| *line == what).count();
        assert_eq!(count("enter new"), count("exited new"));
        assert!(count("enter new") > 10);
    });
}

/// Those who wait for their turn are woken when it may have come, and not each time that somebody else's has.
#[test]
fn many_who_replace_wake_one_another_a_few_times() {
    const MANY: usize = 50;
    paused().block_on(async {
        let journal = Journal::new();
        let polls = AtomicUsize::new(0);
        let ended = with_map(async |map| {
            let replacing = (0..MANY).map(|_| async {
                let new = journal.resource("new").exit(Step::Yield).lifespan();
                let mut replaced = pin!(map.replace('a', new));
                let counted = poll_fn(|cx| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    replaced.as_mut().poll(cx)
                });
                drop(counted.await.unwrap());
            });
            futures_util::future::join_all(replacing).await;
        });
        ended.await.unwrap();
        let polls = polls.into_inner();
        assert!(polls < 10 * MANY, "{polls}");
    });
}
