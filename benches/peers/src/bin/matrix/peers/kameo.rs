//! An actor holds the resource: entered in `on_start`, exited in `on_stop`, the body a message:
//! <https://docs.rs/kameo/0.22.2/kameo/actor/trait.Actor.html>. Stopped by
//! <https://docs.rs/kameo/0.22.2/kameo/actor/struct.ActorRef.html#method.stop_gracefully>, or by `kill`, which aborts the message
//! and still runs `on_stop`; timed out by `reply_timeout`, then killed. An actor is not tied to the code that uses it, so what
//! drops that code is not its affair.

use std::fmt;

use kameo::actor::{Actor, ActorRef, Spawn, WeakActorRef};
use kameo::error::ActorStopReason;
use kameo::message::{Context, Message};

use super::{Peer, no_drain};
use crate::resource::{BoxError, Resource, SOON, WAITING, Work};
use crate::row::Row;

pub const PEER: Peer = Peer {
    name: "kameo",
    claims: |row| {
        let by_itself = matches!(row, Row::Returns | Row::Errs | Row::Panics);
        by_itself || matches!(row, Row::OwnCancel | Row::OwnTimeout)
    },
    reports: true,
    nested: |work| Box::pin(nested(work)),
    loser: || Box::pin(loser()),
    cancelled: Some(|| Box::pin(cancelled())),
    timed_out: Some(|| Box::pin(timed_out())),
    drain: no_drain,
};

struct Holder(Option<Resource>);

/// Its hooks return errors that can be cloned.
#[derive(Debug, Clone)]
struct Failed(String);

impl Failed {
    fn of(error: &BoxError) -> Failed {
        Failed(error.to_string())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl Actor for Holder {
    type Args = &'static str;
    type Error = Failed;

    async fn on_start(name: &'static str, _: ActorRef<Self>) -> Result<Self, Failed> {
        let resource = Resource::enter(name).await.map_err(|it| Failed::of(&it))?;
        Ok(Holder(Some(resource)))
    }

    async fn on_stop(&mut self, _: WeakActorRef<Self>, _: ActorStopReason) -> Result<(), Failed> {
        match self.0.take() {
            Some(resource) => resource.exit().await.map_err(|it| Failed::of(&it)),
            None => Ok(()),
        }
    }
}

impl Message<Work> for Holder {
    type Reply = Result<(), Failed>;

    async fn handle(&mut self, work: Work, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        work.run().await.map_err(|it| Failed::of(&it))
    }
}

async fn start(name: &'static str) -> ActorRef<Holder> {
    let actor = Holder::spawn(name);
    actor.wait_for_startup().await;
    actor
}

/// Stops it and returns how its `on_stop` went.
async fn stop(actor: &ActorRef<Holder>) -> Result<(), BoxError> {
    // It may have stopped already, of a panic.
    let _ = actor.stop_gracefully().await;
    actor.wait_for_shutdown_result().await?;
    Ok(())
}

async fn nested(work: Work) -> Result<(), BoxError> {
    let (outer, inner) = (start("outer").await, start("inner").await);
    let outcome = inner.ask(work).await;
    let exited = stop(&inner).await;
    stop(&outer).await?;
    outcome?;
    exited
}

async fn loser() -> Result<(), BoxError> {
    let (outer, inner) = (start("outer").await, start("inner").await);
    tokio::select! {
        biased;
        () = WAITING.notified() => {}
        result = inner.ask(Work::Wait) => result?,
    }
    drop(inner);
    stop(&outer).await
}

async fn cancelled() -> Result<(), BoxError> {
    let (outer, inner) = (start("outer").await, start("inner").await);
    let kill = async {
        WAITING.notified().await;
        inner.kill();
    };
    let _ = tokio::join!(inner.ask(Work::Wait), kill);
    let exited = stop(&inner).await;
    stop(&outer).await?;
    exited
}

async fn timed_out() -> Result<(), BoxError> {
    let (outer, inner) = (start("outer").await, start("inner").await);
    let _ = inner.ask(Work::Wait).reply_timeout(SOON).await;
    inner.kill();
    let exited = stop(&inner).await;
    stop(&outer).await?;
    exited
}
