//! Cancelled and dropped at each of their poll points, the callers of `spawn`, `with`, `close`, `insert`, `remove` and `acquire` lose
//! nothing (laws 1, 7, 8; CASES L39, L84).
//!
//! On one thread, where the owner's task runs when the caller waits: on several, the poll points differ from run to run.

use std::future::Future;

use lifespan::testing::{At, Journal, Step, sweep};
use lifespan::{Error, Owner, OwnerMap, Shared, drain};
use tokio::task::yield_now;

use crate::everywhere::paused;

fn swept<F: Future<Output = ()>>(program: impl Fn(Journal) -> F) {
    for at in [At::Cancel, At::Drop] {
        let swept = paused().block_on(sweep(at, async |journal| program(journal).await));
        assert!(swept.points() > 2, "{swept:?}");
    }
}

/// What is spawned has no scope that waits for it: whoever goes at the very end does.
#[test]
fn callers_of_spawn_with_and_close() {
    let program = async |journal: Journal| {
        let client = journal.resource("client");
        let client = client.enter(Step::Yield).exit(Step::Yield).lifespan();
        let tx = journal.resource("tx");
        let tx = tx.enter(Step::Yield).exit(Step::Yield).lifespan();
        let _: Result<(), Error> = async {
            let owner = client.spawn().await?;
            let used = owner.with(async move |_| tx.scope_ok(async |_| yield_now().await).await);
            used.await?;
            owner.with_ok(async |_| yield_now().await).await?;
            owner.close().await
        }
        .await;
    };
    let swept = paused().block_on(sweep(At::Drop, program));
    assert!(swept.points() > 4, "{swept:?}");
}

#[test]
fn an_owner_in_a_scope() {
    swept(|journal| async move {
        let client = journal.resource("client");
        let client = client.enter(Step::Yield).exit(Step::Yield).lifespan();
        let _: Result<(), Error> = client
            .owned()
            .scope(async |owner| {
                let other = Owner::clone(owner);
                other.with_ok(async |_| yield_now().await).await?;
                owner.with_ok(async |_| yield_now().await).await
            })
            .await;
    });
}

#[test]
fn callers_of_insert_replace_and_remove() {
    swept(|journal| async move {
        let client = |name| {
            let script = journal.resource(name);
            script.enter(Step::Yield).exit(Step::Yield).lifespan()
        };
        let _: Result<(), Error> = OwnerMap::new()
            .scope(async |map| {
                map.insert(1, client("one")).await?;
                map.insert(2, client("two")).await?;
                map.replace(1, client("three")).await?;
                map.remove(&2).await
            })
            .await;
        // A member whose caller went while it entered is on its way out.
        let _ = drain().await;
    });
}

#[test]
fn callers_of_acquire() {
    let program = async |journal: Journal| {
        let script = move || {
            let script = journal.resource("client");
            script.enter(Step::Yield).exit(Step::Yield).lifespan()
        };
        let shared = Shared::new(script);
        let _: Result<(), Error> = async {
            let lease = shared.acquire().await?;
            yield_now().await;
            lease.release().await?;
            shared.acquire().await?.release().await
        }
        .await;
    };
    let swept = paused().block_on(sweep(At::Drop, program));
    assert!(swept.points() > 4, "{swept:?}");
}
