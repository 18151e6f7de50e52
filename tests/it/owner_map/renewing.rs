//! `renew`: the new one is there before the old one goes.

use std::sync::Arc;

use futures_util::poll;
use lifespan::testing::{self, At, sweep};
use lifespan::{Error, OwnerMap, keyed::InsertError, task::OwnerOptions};
use tokio::sync::Notify;
use tokio::task::yield_now;

use super::with_map;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

/// The old one is used until the new one is there, and works off what was asked of it by then.
#[test]
fn there_is_no_gap() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let member = |name| journal.resource(name).enter(Step::Yield).exit(Step::Yield);
            let old = map.insert('a', member("old").lifespan()).await.unwrap();
            let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
            let caller = {
                let (old, begun, go_on) = (old.clone(), Arc::clone(&begun), Arc::clone(&go_on));
                async move {
                    let call = async move |db: &mut Db| {
                        begun.notify_one();
                        go_on.notified().await;
                        db.log("old: called to the end");
                    };
                    old.with_ok(call).await
                }
            };
            let call = tokio::spawn(caller);
            begun.notified().await;
            let new = map.renew('a', member("new").lifespan()).await.unwrap();
            assert!(old.is_closed() && !new.is_closed());
            assert_eq!((map.len(), map.keys()), (1, vec!['a']));
            let user = map.get(&'a').unwrap();
            user.with_ok(async |db| db.log("new: called")).await.unwrap();
            assert!(old.with_ok(async |_| ()).await.unwrap_err().is_closed());
            go_on.notify_one();
            call.await.unwrap().unwrap();
            old.closed().await.unwrap();
            journal.log("the old one is gone");
        });
        ended.await.unwrap();
        journal.assert([
            "enter old",
            "enter new",
            "new: called",
            "old: called to the end",
            "exit old: completed",
            "exited old",
            "the old one is gone",
            "exit new: completed",
            "exited new",
        ]);
    });
}

#[test]
fn nobody_was_there() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            drop(map.renew('a', journal.resource("one").lifespan()).await.unwrap());
        });
        ended.await.unwrap();
        journal.assert(["enter one", "exit one: completed"]);
    });
}

/// One that does not enter, and one that nobody waits for any more.
#[test]
fn the_old_one_stays_if_nothing_comes() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let old = map.insert('a', journal.resource("old").lifespan()).await.unwrap();
            let failing = journal.resource("new").enter(Step::Fail("refused")).lifespan();
            let failed = map.renew('a', failing).await.unwrap_err();
            assert!(matches!(failed, InsertError::Failed(_)), "{failed}");
            let mut renewing = Box::pin(map.renew('a', journal.resource("hung").enter(Step::Hang).lifespan()));
            assert!(poll!(&mut renewing).is_pending());
            drop(renewing);
            assert!(!old.is_closed());
            map.get(&'a').unwrap().with_ok(async |db| db.log("old")).await.unwrap();
        });
        ended.await.unwrap();
        journal.assert(["enter old", "old", "exit old: completed"]);
    });
}

/// It is refused, and the first goes on. (On several threads the first may have entered by then.)
#[test]
fn two_at_once() {
    paused().block_on(async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let member = |name| journal.resource(name).enter(Step::Yield).lifespan();
            let _old = map.insert('a', member("old")).await.unwrap();
            let (one, two) = tokio::join!(biased; map.renew('a', member("one")), map.renew('a', member("two")));
            assert!(!one.unwrap().is_closed());
            assert!(matches!(two.unwrap_err(), InsertError::Taken(_)));
        });
        ended.await.unwrap();
        let mut lines = journal.lines();
        lines[2..].sort(); // each exits in its own task
        assert_eq!(
            lines,
            ["enter old", "enter one", "exit old: completed", "exit one: completed"]
        );
    });
}

/// The old one is removed, or replaced, while the new one enters: that has its place.
#[test]
fn the_old_one_leaves_meanwhile() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let go_on = Arc::new(Notify::new());
            drop(map.insert('a', journal.resource("old").lifespan()).await.unwrap());
            let enter = {
                let (go_on, journal) = (Arc::clone(&go_on), journal.clone());
                async move {
                    go_on.notified().await;
                    journal.resource("new").open().await
                }
            };
            let renewing = tokio::spawn(map.renew('a', lifespan::Lifespan::of(enter)));
            yield_now().await;
            map.remove(&'a').await.unwrap();
            assert!(map.get(&'a').is_none());
            go_on.notify_one();
            let new = renewing.await.unwrap().unwrap();
            assert!(!new.is_closed() && map.get(&'a').is_some());
            let third = map.replace('a', journal.resource("third").lifespan()).await.unwrap();
            assert!(new.is_closed() && !third.is_closed());
        });
        ended.await.unwrap();
        journal.assert([
            "enter old",
            "exit old: completed",
            "enter new",
            "exit new: completed",
            "enter third",
            "exit third: completed",
        ]);
    });
}

/// By a call of the one that is there, which ends before that exits; and with an owner that works as it is told.
#[test]
fn it_may_renew_its_own_key() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let member = |name| journal.resource(name).lifespan();
            let old = map.insert('a', member("old")).await.unwrap();
            let (inner, new) = (map.clone(), member("new"));
            let call = async move |db: &mut Db| {
                let options = OwnerOptions::new().survive_panics();
                let new = inner.renew_with('a', new, options).await.unwrap();
                db.log("renewed");
                new
            };
            let new = old.with_ok(call).await.unwrap();
            old.closed().await.unwrap();
            let panics = new.with_ok(async |_| std::panic::resume_unwind(Box::new("boom"))).await;
            let _: Error = panics.unwrap_err();
            assert!(!new.is_closed(), "it survives that");
        });
        ended.await.unwrap();
        journal.assert([
            "enter old",
            "enter new",
            "renewed",
            "exit old: completed",
            "exit new: completed",
        ]);
    });
}

/// A map that ends takes all with it: the one that is there, the one that comes, and the one that leaves.
#[test]
fn the_map_ends_meanwhile() {
    paused().block_on(async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let member = |name| journal.resource(name).exit(Step::Yield);
            let old = map.insert('a', member("old").lifespan()).await.unwrap();
            let call = old.clone();
            let hung = tokio::spawn(async move { call.with_ok(async |_| std::future::pending::<()>().await).await });
            yield_now().await;
            let _new = map.renew('a', member("new").lifespan()).await.unwrap();
            let coming = tokio::spawn(map.renew('a', member("hung").enter(Step::Hang).lifespan()));
            yield_now().await;
            drop((hung, coming));
        });
        ended.await.unwrap();
        let lines = journal.lines();
        for name in ["old", "new"] {
            assert!(lines.contains(&format!("exited {name}")), "{lines:?}");
        }
    });
}

#[test]
fn swept_laws_1_and_8() {
    for at in [At::Cancel, At::Drop] {
        let swept = paused().block_on(sweep(at, async |journal: testing::Journal| {
            let member = |name: &'static str| journal.resource(name).enter(Step::Yield).exit(Step::Yield);
            OwnerMap::new()
                .scope(async |map| -> Result<(), Error> {
                    drop(map.insert('a', member("old").lifespan()).await?);
                    drop(map.renew('a', member("new").lifespan()).await?);
                    Ok(())
                })
                .await
        }));
        assert!(swept.points() >= 4, "{at:?}: {swept:?}");
    }
}
