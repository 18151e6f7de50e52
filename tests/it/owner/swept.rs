//! Cancelled and dropped at each of their poll points, the callers of `spawn`, `with` and `close` lose nothing (laws 1, 7, 8; CASES
//! L39, L84).

use lifespan::testing::Step;
use lifespan::{Error, Owner};
use tokio::task::yield_now;

use crate::sweeps::swept;

#[test]
fn callers_of_spawn_with_and_close() {
    swept(|journal| async move {
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
    });
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
