//! `AsyncDropper` runs the async end in `Drop`, and blocks the thread until it is done:
//! <https://docs.rs/async-dropper/0.3.1/async_dropper/>, section "simple". The end cannot return an error.

use std::future::Future;

use async_dropper::{AsyncDrop, AsyncDropper};
use async_trait::async_trait;

use super::{Peer, Used, no_drain};
use crate::resource::{BoxError, Resource, WAITING, Work};
use crate::row::Row;

pub const PEER: Peer = Peer {
    name: "async-dropper",
    // Whenever the value is dropped.
    claims: |row| {
        let (cancel, timeout) = (Row::OwnCancel, Row::OwnTimeout);
        ![cancel, timeout, Row::RuntimeDropped, Row::Forgotten].contains(&row)
    },
    reports: false,
    nested: |work| Box::pin(scope("outer", scope("inner", work.run()))),
    loser,
    cancelled: None,
    timed_out: None,
    drain: no_drain,
};

/// It wants a `Default`, which it puts in place of what it drops.
#[derive(Default)]
struct Dropped(Option<Resource>);

#[async_trait]
impl AsyncDrop for Dropped {
    async fn async_drop(&mut self) {
        if let Some(resource) = self.0.take() {
            let _ = resource.exit().await;
        }
    }
}

async fn scope(name: &'static str, body: impl Future<Output = Result<(), BoxError>>) -> Result<(), BoxError> {
    let resource = Resource::enter(name).await?;
    let _dropper = AsyncDropper::new(Dropped(Some(resource)));
    body.await
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
