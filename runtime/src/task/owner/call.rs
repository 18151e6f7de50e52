//! [`Call`]: the caller's side of a piece of work: it waits for room, then for what the work returns.
//!
//! Cancelled, it has the work unwind and waits for that, as if the work ran in its own task (law 13). Dropped, it takes the work
//! back if that has not begun, else has it unwind too; nobody hears of it then.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::desk::{Refused, Turn};
use super::house::House;
use super::work::Reply;
use crate::cancel::cancellation::{Cancellation, Kind};
use crate::cancel::frame;
use crate::cancel::node::Node;
use crate::scope::driven::Outcome;

pub(super) struct Call<'h, J, O> {
    house: &'h House<J>,
    /// Until it is in the queue.
    job: Option<J>,
    turn: Option<Turn>,
    node: Arc<Node>,
    reply: oneshot::Receiver<Reply<O>>,
    place: &'static Location<'static>,
    stage: Stage,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Unbegun,
    Submitting,
    Submitted,
    Over,
}

/// What became of it.
pub(super) enum Called<O> {
    Ran(Reply<O>),
    /// The owner is closed; it did not begin.
    Refused,
    /// The caller was cancelled before it began (law 14).
    Unbegun(Cancellation),
}

impl<O> Called<O> {
    pub(super) fn map<U>(self, returned: impl FnOnce(O) -> U) -> Called<U> {
        match self {
            Called::Ran(reply) => Called::Ran(reply.map(returned)),
            Called::Refused => Called::Refused,
            Called::Unbegun(cancellation) => Called::Unbegun(cancellation),
        }
    }
}

impl<'h, J, O> Call<'h, J, O> {
    pub(super) fn new(
        house: &'h House<J>,
        job: J,
        node: Arc<Node>,
        reply: oneshot::Receiver<Reply<O>>,
        place: &'static Location<'static>,
    ) -> Self {
        Call {
            house,
            job: Some(job),
            turn: None,
            node,
            reply,
            place,
            stage: Stage::Unbegun,
        }
    }

    /// Has the work unwind, or takes it back if it has not begun. Whether it has begun.
    fn give_up(&mut self, cancellation: &Cancellation) -> bool {
        let withdrawn = self.turn.take().and_then(|turn| self.house.desk.withdraw(turn));
        if withdrawn.is_some() || self.stage != Stage::Submitted {
            return false;
        }
        self.node.cancel(cancellation);
        true
    }

    /// Whether it has not got into the queue yet.
    fn is_outside(&self) -> bool {
        matches!(self.stage, Stage::Unbegun | Stage::Submitting)
    }

    fn poll_submitted(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        if self.is_outside() {
            self.stage = Stage::Submitting;
            ready!(self.house.desk.poll_submit(&mut self.job, &mut self.turn, cx))?;
            self.stage = Stage::Submitted;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_called(&mut self, cx: &mut Context<'_>) -> Poll<Called<O>> {
        let cancellation = frame::cancellation();
        if let Some(cancellation) = cancellation.as_ref().filter(|_| self.is_outside()) {
            self.give_up(cancellation);
            return Poll::Ready(Called::Unbegun(cancellation.clone()));
        }
        if ready!(self.poll_submitted(cx)).is_err() {
            return Poll::Ready(Called::Refused);
        }
        if let Poll::Ready(reply) = Pin::new(&mut self.reply).poll(cx) {
            return Poll::Ready(reply.map_or(Called::Refused, Called::Ran));
        }
        match cancellation {
            Some(cancellation) if !self.give_up(&cancellation) => Poll::Ready(Called::Unbegun(cancellation)),
            _ => Poll::Pending,
        }
    }
}

impl<J, O> Future for Call<'_, J, O> {
    type Output = Called<O>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Called<O>> {
        let called = ready!(self.poll_called(cx));
        self.stage = Stage::Over;
        match &called {
            Called::Unbegun(_) => frame::deliver(),
            // If it is the caller's own cancellation that the work was told of, the caller is by this (law 15).
            Called::Ran(Outcome::Stopped(_)) => frame::deliver_here(),
            Called::Ran(_) if self.node.is_delivered() => frame::deliver_here(),
            Called::Ran(_) | Called::Refused => {}
        }
        Poll::Ready(called)
    }
}

/// Nothing of it is pinned.
impl<J, O> Unpin for Call<'_, J, O> {}

impl<J, O> Drop for Call<'_, J, O> {
    fn drop(&mut self) {
        if matches!(self.stage, Stage::Submitting | Stage::Submitted) {
            self.give_up(&Cancellation::new(Kind::CallerGone, self.place));
        }
    }
}
