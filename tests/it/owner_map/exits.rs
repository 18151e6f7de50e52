//! The exit of a map that is not alone: a clone that exits as well, a member that ends the map, a caller who goes.

use std::future::ready;

use futures_util::poll;
use lifespan::{Error, ErrorKind, Lifespan, OwnerMap, drain};
use tokio::sync::oneshot;

use super::Dbs;
use super::turns::Old;
use crate::everywhere::everywhere;
use crate::journal::{Journal, Step};

/// The exit of a map, which may be a clone.
async fn exiting(map: Dbs) -> Result<(), Error> {
    Lifespan::of(ready(map)).scope_ok(async |_| ()).await
}

/// A map and a clone of it exit at once: both wait for all members, and both are told of what failed in the one exit.
#[test]
fn all_who_end_it_wait_and_are_told() {
    everywhere(|| async {
        let journal = Journal::new();
        let live = OwnerMap::new().enter().await.unwrap();
        let map: Dbs = OwnerMap::clone(&live);
        let bad = journal.resource("bad").exit(Step::Fail("reset")).lifespan();
        map.insert('b', bad).await.unwrap();
        let old = Old::of(&map, &journal).await;
        let (first, second, third) = (live.exit(), exiting(map.clone()), exiting(map.clone()));
        let letting_go = async {
            tokio::task::yield_now().await;
            old.leave().await;
        };
        let (first, second, third, ()) = tokio::join!(biased; first, second, third, letting_go);
        for ended in [first, second, third] {
            assert_eq!(ended.unwrap_err().primary().to_string(), "reset");
        }
        exiting(map).await.unwrap();
        let lines = journal.lines();
        assert!(lines.iter().all(|line| !line.starts_with("report")), "{lines:?}");
    });
}

/// A caller of the exit who goes leaves it to the members, which go on; what had failed by then, or fails later, is told, also if
/// somebody keeps the owner (laws 6 and 23).
#[test]
fn an_exit_that_is_dropped_goes_on() {
    everywhere(|| async {
        let journal = Journal::new();
        let live = OwnerMap::new().named(journal.unique("map")).enter().await.unwrap();
        let map: Dbs = OwnerMap::clone(&live);
        let bad = journal.resource("bad").exit(Step::Fail("reset")).lifespan();
        let bad = map.insert('b', bad).await.unwrap();
        let old = Old::of(&map, &journal).await;
        let mut exiting = Box::pin(live.exit());
        assert!(poll!(&mut exiting).is_pending());
        while !matches!(bad.state(), lifespan::task::OwnerState::Failed) {
            tokio::task::yield_now().await;
        }
        drop(exiting);
        old.leave().await;
        let lines = journal.lines();
        assert!(lines.contains(&"exit old: completed".to_owned()));
        let reports: Vec<_> = lines.iter().filter(|line| line.starts_with("report")).collect();
        assert_eq!(reports, ["report Failed bad: reset"]);
        drop(bad);
        drop(map);
        assert_eq!(journal.lines(), lines);
        drain().await.into_result().unwrap();
    });
}

/// A member that ends the map, and would wait for itself, is told so; the others end nevertheless.
#[test]
fn a_member_that_ends_the_map_does_not_wait_for_itself() {
    everywhere(|| async {
        let journal = Journal::new();
        let live = OwnerMap::new().enter().await.unwrap();
        let map: Dbs = OwnerMap::clone(&live);
        let a = map.insert('a', journal.resource("a").lifespan()).await.unwrap();
        let b = map.insert('b', journal.resource("b").lifespan()).await.unwrap();
        let (tell, told) = oneshot::channel();
        let _ = a
            .with_ok(async move |_| {
                tell.send(exiting(map).await).unwrap();
            })
            .await;
        let error = told.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadlock);
        live.exit().await.unwrap();
        a.closed().await.unwrap();
        b.closed().await.unwrap();
    });
}
