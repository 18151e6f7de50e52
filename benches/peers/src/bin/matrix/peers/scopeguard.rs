//! A guard whose closure runs when it is dropped. Drop cannot await, so the closure spawns the end:
//! <https://docs.rs/scopeguard/1.2.0/scopeguard/fn.guard.html>. It claims to run the closure, and nothing that is async.

use std::future::Future;

use super::{Peer, Used, no_drain};
use crate::resource::{BoxError, Resource, WAITING, Work};

pub const PEER: Peer = Peer {
    name: "scopeguard",
    claims: |_| false,
    reports: false,
    nested: |work| Box::pin(scope("outer", scope("inner", work.run()))),
    loser,
    cancelled: None,
    timed_out: None,
    drain: no_drain,
};

async fn scope(name: &'static str, body: impl Future<Output = Result<(), BoxError>>) -> Result<(), BoxError> {
    let resource = Resource::enter(name).await?;
    let _guard = scopeguard::guard(resource, |resource| {
        // Outside of a runtime there is nowhere to spawn it, and a panic here would be one in a destructor.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(resource.exit());
        }
    });
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
