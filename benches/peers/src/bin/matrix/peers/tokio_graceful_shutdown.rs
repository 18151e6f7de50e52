//! A subsystem holds the resource: it works until a shutdown is requested, then ends; the one around it waits for its children:
//! <https://docs.rs/tokio-graceful-shutdown/0.20.0/tokio_graceful_shutdown/>, examples 09 (cancel on shutdown), 13 (partial
//! shutdown) and 19 (sequential shutdown). Its timeout bounds the shutdown, not the work. A subsystem that panics takes the others
//! down; its own end is not claimed.

use std::time::Duration;

use tokio_graceful_shutdown::{FutureExt, SubsystemBuilder, SubsystemHandle, Toplevel};
use tokio_util::sync::CancellationToken;

use super::{Peer, Used, no_drain};
use crate::resource::{BoxError, Resource, WAITING, Work};
use crate::row::Row;

pub const PEER: Peer = Peer {
    name: "tokio-graceful-shutdown",
    claims: |row| {
        let stopped = matches!(row, Row::OwnCancel | Row::SelectInside);
        stopped || matches!(row, Row::Returns | Row::Errs)
    },
    reports: true,
    nested: |work| Box::pin(run(work, CancellationToken::new())),
    loser,
    cancelled: Some(cancelled),
    timed_out: None,
    drain: no_drain,
};

async fn run(work: Work, shutdown: CancellationToken) -> Result<(), BoxError> {
    let root = async move |root: &mut SubsystemHandle| {
        let outer = async move |outer: &mut SubsystemHandle| outer_subsystem(outer, work).await;
        root.start(SubsystemBuilder::new("outer", outer));
    };
    Toplevel::<BoxError>::new_with_shutdown_token(root, shutdown)
        .handle_shutdown_requests(Duration::from_secs(1))
        .await?;
    Ok(())
}

async fn outer_subsystem(handle: &mut SubsystemHandle, work: Work) -> Result<(), BoxError> {
    let resource = Resource::enter("outer").await?;
    let inner = async move |inner: &mut SubsystemHandle| inner_subsystem(inner, work).await;
    handle.start(SubsystemBuilder::new("inner", inner));
    handle.wait_for_children().await;
    resource.exit().await
}

async fn inner_subsystem(handle: &mut SubsystemHandle, work: Work) -> Result<(), BoxError> {
    let resource = Resource::enter("inner").await?;
    let outcome = work.run().cancel_on_shutdown(handle).await;
    let exited = resource.exit().await;
    outcome.unwrap_or(Ok(())).and(exited)
}

/// A `select!` inside of `outer` that drops the handle of `inner`; the subsystem itself is told to shut down.
fn loser() -> Used {
    Box::pin(async {
        let root = async |root: &mut SubsystemHandle| {
            let outer = async |outer: &mut SubsystemHandle| outer_that_selects(outer).await;
            root.start(SubsystemBuilder::new("outer", outer));
        };
        Toplevel::<BoxError>::new(root)
            .handle_shutdown_requests(Duration::from_secs(1))
            .await?;
        Ok(())
    })
}

async fn outer_that_selects(handle: &mut SubsystemHandle) -> Result<(), BoxError> {
    let resource = Resource::enter("outer").await?;
    let inner = async |inner: &mut SubsystemHandle| inner_subsystem(inner, Work::Wait).await;
    let nested = handle.start(SubsystemBuilder::new("inner", inner));
    tokio::select! {
        biased;
        () = WAITING.notified() => {}
        result = nested.join() => result?,
    }
    nested.initiate_shutdown();
    handle.wait_for_children().await;
    resource.exit().await
}

fn cancelled() -> Used {
    let shutdown = CancellationToken::new();
    let used = run(Work::Wait, shutdown.clone());
    Box::pin(async move {
        let cancel = async {
            WAITING.notified().await;
            shutdown.cancel();
        };
        tokio::join!(used, cancel).0
    })
}
