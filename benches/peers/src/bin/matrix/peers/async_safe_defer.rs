//! `send_async_scope!` awaits what was deferred when its body has returned:
//! <https://docs.rs/async-safe-defer/0.2.0/async_safe_defer/>, sections "Asynchronous cleanup" and "Execution guarantees",
//! which say that a panic and a drop discard it. What is deferred cannot return an error.

use std::future::Future;

use async_safe_defer::send_async_scope;

use super::{Peer, Used, no_drain};
use crate::resource::{BoxError, Resource, WAITING, Work};
use crate::row::Row;

pub const PEER: Peer = Peer {
    name: "async-safe-defer",
    claims: |row| matches!(row, Row::Returns | Row::Errs),
    reports: false,
    nested: |work| Box::pin(scoped("outer", scoped("inner", work.run()))),
    loser,
    cancelled: None,
    timed_out: None,
    drain: no_drain,
};

async fn scoped(name: &'static str, body: impl Future<Output = Result<(), BoxError>> + Send) -> Result<(), BoxError> {
    let resource = Resource::enter(name).await?;
    send_async_scope!(scope, {
        scope.defer(|| async {
            let _ = resource.exit().await;
        });
        body.await
    })
    .await
}

fn loser() -> Used {
    Box::pin(scoped("outer", async {
        tokio::select! {
            biased;
            () = WAITING.notified() => Ok(()),
            result = scoped("inner", Work::Wait.run()) => result,
        }
    }))
}
