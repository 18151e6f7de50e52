//! What one writes without a library: the end comes after the body, whatever that returned. What cancels or times out is put
//! around the innermost work, so that no end is skipped.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use super::{Peer, Used, no_drain};
use crate::resource::{BoxError, Resource, SOON, WAITING, Work};

pub const PEER: Peer = Peer {
    name: "hand-written",
    claims: |_| true,
    reports: true,
    nested: |work| Box::pin(scope("outer", scope("inner", work.run()))),
    loser,
    cancelled: Some(cancelled),
    timed_out: Some(timed_out),
    drain: no_drain,
};

async fn scope(name: &'static str, body: impl Future<Output = Result<(), BoxError>>) -> Result<(), BoxError> {
    let resource = Resource::enter(name).await?;
    let outcome = body.await;
    let exited = resource.exit().await;
    outcome.and(exited)
}

fn loser() -> Used {
    Box::pin(scope("outer", async {
        tokio::select! {
            biased;
            () = WAITING.notified() => Ok(()),
            result = scope("inner", Work::Wait.run()) => result,
        }
    }))
}

fn cancelled() -> Used {
    let token = CancellationToken::new();
    let canceller = token.clone();
    let body = async move {
        let work = token.run_until_cancelled_owned(Work::Wait.run());
        work.await.unwrap_or(Ok(()))
    };
    let used = scope("outer", scope("inner", body));
    Box::pin(async move {
        let cancel = async {
            WAITING.notified().await;
            canceller.cancel();
        };
        tokio::join!(used, cancel).0
    })
}

fn timed_out() -> Used {
    let body = async { tokio::time::timeout(SOON, Work::Wait.run()).await? };
    Box::pin(scope("outer", scope("inner", body)))
}
