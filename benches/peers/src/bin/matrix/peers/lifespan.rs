//! Ours: a scope inside of a scope.

use lifespan::{CancelScope, Enter, Lifespan, cancellation::Outcome};

use super::Peer;
use crate::journal;
use crate::resource::{BoxError, Resource, SOON, WAITING, Work};
use crate::row::Row;

pub const PEER: Peer = Peer {
    name: "lifespan",
    claims: |row| row != Row::Forgotten,
    reports: true,
    nested: |work| Box::pin(nested(work)),
    loser: || Box::pin(loser()),
    cancelled: Some(|| Box::pin(cancelled())),
    timed_out: Some(|| Box::pin(timed_out())),
    drain: || Box::pin(drain()),
};

fn held(name: &'static str) -> Lifespan<lifespan::Resource<Resource>, impl Enter<lifespan::Resource<Resource>>> {
    let exit = async |resource: Resource, _: &lifespan::Exit| resource.exit().await;
    Lifespan::new(Resource::enter(name), exit).named(name)
}

async fn drain() {
    let drained = lifespan::drain().await;
    journal::returned(drained.into_result());
}

async fn nested(work: Work) -> Result<(), BoxError> {
    let inner = async |_: &mut _| held("inner").scope(async |_| work.run().await).await;
    held("outer").scope(inner).await
}

async fn loser() -> Result<(), BoxError> {
    let body = async |_: &mut _| {
        tokio::select! {
            biased;
            () = WAITING.notified() => Ok(()),
            result = held("inner").scope(async |_| Work::Wait.run().await) => result,
        }
    };
    held("outer").scope(body).await
}

async fn cancelled() -> Result<(), BoxError> {
    let scope = CancelScope::new();
    let canceller = scope.canceller();
    let cancel = async {
        WAITING.notified().await;
        canceller.cancel();
    };
    match tokio::join!(scope.run(nested(Work::Wait)), cancel).0 {
        Outcome::Completed(result) | Outcome::CompletedAnyway(result, _) => result,
        Outcome::Cancelled(why, result) => result.unwrap_or_else(|| Err(why.into())),
    }
}

async fn timed_out() -> Result<(), BoxError> {
    lifespan::timeout(SOON, nested(Work::Wait)).await?
}
