//! [`OwnerMap`]: keyed resources that come and go, inserted and removed from anywhere.

use std::pin::pin;
use std::sync::Arc;

use futures_util::{FutureExt, poll};
use lifespan::{Error, Lifespan, OwnerMap, keyed::InsertError, task::OwnerOptions};
use tokio::sync::Notify;

use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal};

mod crowds;
mod deadlocks;
mod ends;
mod exits;
mod joining;
mod keys;
mod leaving;
mod many;
mod places;
mod programs;
mod renewing;
mod replacing;
mod turns;
mod user_code;

type Dbs = OwnerMap<char, Db>;

/// A map in a scope, with what happens there.
async fn with_map(body: impl AsyncFnOnce(Dbs)) -> Result<(), Error> {
    let map = OwnerMap::new();
    map.scope_ok(async |map: &mut Dbs| body(map.clone()).await).await
}

/// CASES P119, P120, L73: one leaves, the others stay, and who is not there cannot leave.
#[test]
fn one_leaves_and_the_others_stay() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            for (key, name) in [('a', "a"), ('b', "b"), ('c', "c")] {
                let member = journal.resource(name).lifespan();
                map.insert(key, member).await.unwrap();
            }
            map.remove(&'a').await.unwrap();
            journal.log("removed");
            let gone = map.remove(&'a').await.unwrap_err();
            assert_eq!(gone.primary().to_string(), "nobody has key 'a'");
            assert_eq!(gone.resource(), "'a'");
            assert!(gone.is_closed());
            let text = gone.to_string();
            assert_eq!(
                text.lines().next(),
                Some("resource `'a'` is closed: nobody has key 'a'")
            );
            let mut keys = map.keys();
            keys.sort_unstable();
            assert_eq!((keys, map.len()), (vec!['b', 'c'], 2));
            map.remove(&'c').await.unwrap();
            let b = map.get(&'b').expect("it is there");
            b.with_ok(async |db| db.log("b works")).await.unwrap();
        });
        ended.await.unwrap();
        journal.assert([
            "enter a",
            "enter b",
            "enter c",
            "exit a: completed",
            "removed",
            "exit c: completed",
            "b works",
            "exit b: completed",
        ]);
    });
}

/// CASES P121, L75: added from one task, removed from another, the map closed in a third; each member stays in its own (law 8).
#[test]
fn added_removed_and_closed_by_three_tasks() {
    everywhere(|| async {
        let journal = Journal::new();
        let ours = journal.clone();
        let live = OwnerMap::<u8, Db>::new().enter().await.unwrap();
        let map = OwnerMap::clone(&live);
        let adding = async move {
            for (key, name) in [(1, "a"), (2, "b")] {
                map.insert(key, ours.resource(name).lifespan()).await?;
            }
            Ok::<_, InsertError<_>>(map)
        };
        let map = tokio::spawn(adding).await.unwrap().unwrap();
        tokio::spawn(async move { map.remove(&1).await })
            .await
            .unwrap()
            .unwrap();
        let away = live.hand_over();
        tokio::spawn(async move { away.accept().exit().await })
            .await
            .unwrap()
            .unwrap();
        journal.assert(["enter a", "enter b", "exit a: completed", "exit b: completed"]);
        assert_eq!(journal.exit_tasks(), 2);
    });
}

#[test]
fn debug_names_it() {
    paused().block_on(async {
        let map = OwnerMap::<u8, Db>::new();
        let text = map.scope_ok(async |map| format!("{map:?}")).await.unwrap();
        assert_eq!(text, "OwnerMap { .. }");
        let _: Lifespan<OwnerMap<u8, Db>, _> = OwnerMap::new();
    });
}

/// A member may say how its owner works.
#[test]
fn a_member_has_the_options_of_its_owner() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let tough = OwnerOptions::new().queue(1).survive_panics();
            let a = map.insert_with('a', journal.resource("a").lifespan(), tough);
            let a = a.await.unwrap();
            let boom = a.with_ok(async |_| panic!("boom")).await;
            assert!(boom.unwrap_err().to_string().ends_with("boom"));

            let (gate, begun) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
            let (opens, begins) = (Arc::clone(&gate), Arc::clone(&begun));
            let working = a.with_ok(async move |db| {
                db.log("a works");
                begins.notify_one();
                opens.notified().await;
            });
            let full = async {
                begun.notified().await;
                let (mut queued, mut late) = (pin!(a.with_ok(async |_| ())), pin!(a.with_ok(async |_| ())));
                assert!(poll!(&mut queued).is_pending() && poll!(&mut late).is_pending());
                // There is room for one.
                assert!(a.with_ok(async |_| ()).now_or_never().is_none());
                gate.notify_one();
                queued.await.unwrap();
                late.await.unwrap();
            };
            let (worked, ()) = tokio::join!(working, full);
            worked.unwrap();

            let (twin, short) = (journal.resource("twin").lifespan(), OwnerOptions::new().queue(1));
            let refused = map.insert_with('a', twin, short).await.unwrap_err();
            let twin = refused.into_lifespan().expect("it was not let in");
            map.replace_with('a', twin, short).await.unwrap();
        });
        ended.await.unwrap();
        journal.assert([
            "enter a",
            "a works",
            "exit a: completed",
            "enter twin",
            "exit twin: completed",
        ]);
    });
}
