//! Reconnects: the old one is gone before the new one comes.

use std::sync::Arc;

use futures_util::poll;
use lifespan::{Lifespan, keyed::InsertError};
use tokio::sync::Notify;
use tokio::task::yield_now;

use super::with_map;
use crate::everywhere::everywhere;
use crate::journal::{Journal, Step};

/// A reconnect: the old one is gone before the new one comes (CASES P124), whatever its exit said.
#[test]
fn replacing_closes_the_old_one_first() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let member = |name| journal.resource(name);
            map.replace('a', member("one").exit(Step::Yield).lifespan())
                .await
                .unwrap();
            map.replace('a', member("two").exit(Step::Fail("reset")).lifespan())
                .await
                .unwrap();
            map.replace('a', member("three").lifespan()).await.unwrap();
        });
        ended.await.unwrap();
        let (reports, lines): (Vec<_>, Vec<_>) =
            journal.lines().into_iter().partition(|line| line.starts_with("report"));
        assert_eq!(reports, ["report Failed two: reset"]);
        assert_eq!(
            lines,
            [
                "enter one",
                "exit one: completed",
                "exited one",
                "enter two",
                "exit two: completed",
                "enter three",
                "exit three: completed",
            ]
        );
    });
}

/// Many reconnect at once: each has its turn, in the order they called, and the last one stays (CASES P124).
#[test]
fn who_replaces_side_by_side_takes_turns() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let new = |name| {
                let new = journal.resource(name).enter(Step::Yield).exit(Step::Yield);
                map.replace('a', new.lifespan())
            };
            let (one, two, three) = tokio::join!(biased; new("one"), new("two"), new("three"));
            assert!(one.unwrap().is_closed() && two.unwrap().is_closed());
            let three = three.unwrap();
            three.with_ok(async |db| db.log("three stays")).await.unwrap();
            assert_eq!(map.len(), 1);
        });
        ended.await.unwrap();
        journal.assert([
            "enter one",
            "exit one: completed",
            "exited one",
            "enter two",
            "exit two: completed",
            "exited two",
            "enter three",
            "three stays",
            "exit three: completed",
            "exited three",
        ]);
    });
}

/// One that fails to enter has had its turn.
#[test]
fn one_that_fails_to_enter_makes_room_for_the_next() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let bad = journal.resource("bad").enter(Step::Fail("no route"));
            let (bad, good) = tokio::join!(
                biased;
                map.insert('a', bad.lifespan()),
                map.replace('a', journal.resource("good").lifespan())
            );
            assert!(matches!(bad.unwrap_err(), InsertError::Failed(_)));
            good.unwrap();
        });
        ended.await.unwrap();
        journal.assert(["enter good", "exit good: completed"]);
    });
}

/// Who has stopped waiting by the time the resource has entered replaces nothing.
#[test]
fn who_gives_up_before_it_enters_replaces_nothing() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let gate = Arc::new(Notify::new());
            let (ours, opens) = (journal.clone(), Arc::clone(&gate));
            let slow = Lifespan::of(async move {
                opens.notified().await;
                ours.resource("slow").open().await
            });
            let giving_up = async {
                yield_now().await;
                let replacing = map.replace('a', journal.resource("new").lifespan());
                let mut replacing = Box::pin(replacing);
                assert!(poll!(&mut replacing).is_pending());
                drop(replacing);
                gate.notify_one();
            };
            let (slow, ()) = tokio::join!(biased; map.insert('a', slow), giving_up);
            let slow = slow.unwrap();
            slow.with_ok(async |db| db.log("slow works")).await.unwrap();
        });
        ended.await.unwrap();
        journal.assert(["enter slow", "slow works", "exit slow: completed"]);
    });
}
