//! Keyed owners that come and go (laws 1, 7, 8, 23; CASES P119–P122, P124, P125, P133).

use std::time::Duration;

use futures_util::poll;
use lifespan::{Enter, Error, ErrorKind, Lifespan, OwnerMap, UnknownKey, drain};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

#[track_caller]
fn client(journal: &Journal, name: &'static str) -> Lifespan<Db, impl Enter<Db> + use<>> {
    let script = journal.resource(name);
    script.enter(Step::Yield).exit(Step::Yield).lifespan()
}

/// CASES P119, P121: in any order, from any task.
#[test]
fn members_come_and_go_in_any_order_from_any_task() {
    everywhere(|| async {
        let journal = Journal::new();
        OwnerMap::new()
            .scope(async |map: &mut OwnerMap<_, _>| {
                for (key, name) in [(1, "one"), (2, "two"), (3, "three")] {
                    let (map, client) = (map.clone(), client(&journal, name));
                    tokio::spawn(async move { map.insert(key, client).await.map(drop) })
                        .await
                        .unwrap()?;
                }
                let other = map.clone();
                tokio::spawn(async move { other.remove(&1).await })
                    .await
                    .unwrap()?;
                assert_eq!(map.get(&2).unwrap().with_ok(async |_| 7).await?, 7);
                assert_eq!((map.get(&1).is_none(), map.len()), (true, 2));
                map.remove(&3).await
            })
            .await
            .unwrap();
        journal.assert([
            "enter one",
            "enter two",
            "enter three",
            "exit one: completed",
            "exited one",
            "exit three: completed",
            "exited three",
            "exit two: completed",
            "exited two",
        ]);
    });
}

/// CASES P120.
#[test]
fn an_unknown_key_is_an_error() {
    everywhere(|| async {
        OwnerMap::<_, Db>::new()
            .scope_ok(async |map| {
                let error = map.remove(&7).await.unwrap_err();
                assert!(error.downcast_ref::<UnknownKey>().is_some());
                assert_eq!(
                    error.primary().to_string(),
                    "there is no resource of the key 7"
                );
            })
            .await
            .unwrap();
    });
}

/// CASES P122: the second one comes back, and was never entered.
#[test]
fn a_duplicate_key_is_refused_law_25() {
    everywhere(|| async {
        let journal = Journal::new();
        OwnerMap::new()
            .scope(async |map| {
                map.insert(1, client(&journal, "first")).await?;
                let refused = map.insert(1, client(&journal, "second")).await.unwrap_err();
                assert!(refused.is_duplicate());
                assert_eq!(refused.to_string(), "the key 1 is taken");
                let second = refused.into_lifespan().unwrap();
                map.insert(2, second).await.map(drop).map_err(Error::from)
            })
            .await
            .unwrap();
        let lines = journal.lines();
        assert_eq!(lines[..2], ["enter first", "enter second"]);
        assert_eq!(lines.len(), 6);
    });
}

#[test]
fn a_failed_enter_frees_its_key() {
    everywhere(|| async {
        let journal = Journal::new();
        OwnerMap::new()
            .scope(async |map| {
                let failing = journal
                    .resource("client")
                    .enter(Step::Fail("refused"))
                    .lifespan();
                let error = map.insert(1, failing).await.unwrap_err();
                assert!(error.to_string().ends_with("failed to enter: refused"));
                assert!(map.is_empty());
                map.insert(1, client(&journal, "client").boxed())
                    .await
                    .map(drop)
                    .map_err(Error::from)
            })
            .await
            .unwrap();
    });
}

/// CASES P124, P125: also if the caller of `remove` has gone.
#[test]
fn a_reconnect_waits_for_the_exit_of_the_old_one() {
    everywhere(|| async {
        let journal = Journal::new();
        OwnerMap::new()
            .scope(async |map| {
                map.insert(1, client(&journal, "old")).await?;
                {
                    let mut removing = Box::pin(map.remove(&1));
                    let _ = poll!(&mut removing);
                }
                map.insert(1, client(&journal, "new")).await?;
                map.replace(1, client(&journal, "newest"))
                    .await
                    .map(drop)
                    .map_err(Error::from)
            })
            .await
            .unwrap();
        journal.assert([
            "enter old",
            "exit old: completed",
            "exited old",
            "enter new",
            "exit new: completed",
            "exited new",
            "enter newest",
            "exit newest: completed",
            "exited newest",
        ]);
    });
}

/// CASES P133.
#[test]
fn one_that_dies_is_removed_and_reported() {
    everywhere(|| async {
        let journal = Journal::new();
        OwnerMap::new()
            .scope_ok(async |map| {
                let owner = map.insert(1, client(&journal, "one")).await.unwrap();
                map.insert(2, client(&journal, "two")).await.unwrap();
                let panicked = owner.with_ok(async |_| panic!("boom")).await;
                assert_eq!(panicked.unwrap_err().kind(), ErrorKind::Panicked);
                while map.len() > 1 {
                    yield_now().await;
                }
                assert!(map.get(&2).is_some());
            })
            .await
            .unwrap();
        let lines = journal.lines();
        assert!(
            lines.contains(&"report Failed one: a call panicked: boom".to_owned()),
            "{lines:?}"
        );
    });
}

#[test]
fn one_that_is_closed_by_a_handle_is_removed_and_not_reported() {
    everywhere(|| async {
        let journal = Journal::new();
        OwnerMap::new()
            .scope_ok(async |map| {
                let owner = map.insert(1, client(&journal, "one")).await.unwrap();
                owner.close().await.unwrap();
                while !map.is_empty() {
                    yield_now().await;
                }
            })
            .await
            .unwrap();
        journal.assert(["enter one", "exit one: completed", "exited one"]);
    });
}

#[test]
fn all_are_closed_side_by_side_within_their_budgets_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let begun = Instant::now();
        let error = OwnerMap::new()
            .scope(async |map| {
                for key in 0..3 {
                    let slow = journal
                        .resource("slow")
                        .exit(Step::Sleep(SECOND))
                        .lifespan();
                    map.insert(key, slow.boxed()).await?;
                }
                let hung = journal.resource("hung").exit(Step::Hang).lifespan();
                map.insert(3, hung.exit_timeout(2 * SECOND).boxed()).await?;
                let failing = journal
                    .resource("failing")
                    .exit(Step::Fail("no goodbye"))
                    .lifespan();
                map.insert(4, failing.boxed())
                    .await
                    .map(drop)
                    .map_err(Error::from)
            })
            .await
            .unwrap_err();
        assert_eq!(begun.elapsed(), 2 * SECOND);
        assert_eq!(error.attached().len(), 1, "{error:?}");
    });
}

#[test]
fn nothing_is_inserted_in_one_that_is_closed_law_25() {
    everywhere(|| async {
        let journal = Journal::new();
        let outside = OwnerMap::new()
            .scope_ok(async |map| map.clone())
            .await
            .unwrap();
        let refused = outside
            .insert(1, client(&journal, "late"))
            .await
            .unwrap_err();
        assert!(refused.is_closed() && refused.into_lifespan().is_some());
        journal.assert([]);
    });
}

#[test]
fn one_that_still_enters_is_cancelled_by_a_remove_and_by_the_end() {
    paused().block_on(async {
        let journal = Journal::new();
        let slow = |name| {
            journal
                .resource(name)
                .enter(Step::Sleep(60 * SECOND))
                .lifespan()
        };
        let begun = Instant::now();
        let mut inserting = None;
        OwnerMap::new()
            .scope(async |map| {
                let (inserted, removed) = tokio::join!(map.insert(1, slow("one")), async {
                    sleep(SECOND).await;
                    map.remove(&1).await
                });
                removed?;
                assert!(Error::from(inserted.map(drop).unwrap_err()).is_cancelled());
                let (map, two) = (map.clone(), slow("two"));
                inserting = Some(tokio::spawn(
                    async move { map.insert(2, two).await.map(drop) },
                ));
                sleep(SECOND).await;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        assert!(Error::from(inserting.unwrap().await.unwrap().unwrap_err()).is_cancelled());
        assert_eq!(begun.elapsed(), 2 * SECOND);
        drain().await.into_result().unwrap();
        journal.assert([]);
    });
}

/// Members come and go, and nothing stays.
#[test]
fn a_million_members_leave_nothing_behind() {
    let many = if cfg!(debug_assertions) {
        10_000
    } else {
        1_000_000
    };
    let runtime = paused();
    let churn = |count: u32| {
        let churned = allocation_counter::measure(|| {
            runtime.block_on(async {
                let map = OwnerMap::new().scope(async |map| {
                    for key in 0..count {
                        let number =
                            Lifespan::new(async move { Ok::<_, Error>(key) }, async |_, _| ());
                        map.insert(key % 10, number.boxed()).await?;
                        map.remove(&(key % 10)).await?;
                    }
                    Ok::<_, Error>(())
                });
                map.await.unwrap();
                yield_now().await;
            });
        });
        churned.bytes_max
    };
    churn(100);
    let (few, all) = (churn(1_000), churn(many));
    println!("{many} members: at most {all} bytes");
    assert!(all <= few + few / 10, "{all} bytes, {few} with a few");
}
