//! [`Running`]: the future of a cancel scope.

use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::outcome::Outcome;
use super::region::{Bell, Region, RegionEnd};
use crate::base::identity::Checkpoint;
use crate::cancel::node::Node;
use crate::scope::tie::{InTask, TieKind};

pin_project! {
    /// Runs a body in a node, and tells what became of it.
    //
    // A type rather than an opaque future, so that a mistake in a call is told once and not twice.
    #[must_use = "nothing runs until this is awaited"]
    pub struct Running<F, T, S, O> {
        #[pin]
        branch: Branch<F, T, S>,
        settle: fn(Outcome<T>) -> O,
    }
}

impl<F, T, S, O> Running<F, T, S, O> {
    pub(super) fn new(node: Arc<Node>, alarm: Bell<S>, body: F, settle: fn(Outcome<T>) -> O) -> Self {
        Running { branch: Branch::new(node, alarm, body), settle }
    }
}

impl<F, T, S, O> fmt::Debug for Running<F, T, S, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Running").field(self.branch.node()).finish()
    }
}

impl<F: Future<Output = T>, S: Future, T, O> Future for Running<F, T, S, O> {
    type Output = O;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        let mut this = self.project();
        let value = match ready!(this.branch.as_mut().poll(cx)) {
            RegionEnd::Done(value) => Some(value),
            RegionEnd::Stopped(_) => None,
            RegionEnd::Panicked(panic) => resume_unwind(panic),
        };
        Poll::Ready((this.settle)(Outcome::of(this.branch.node(), value)))
    }
}

pin_project! {
    /// A body in a node; gives its panic rather than panicking, for who has others to wait for.
    pub(crate) struct Branch<F, T, S> {
        #[pin]
        region: InTask<Region<F, T, S>>,
        node: Arc<Node>,
    }
}

impl<F, T, S> Branch<F, T, S> {
    pub(crate) fn new(node: Arc<Node>, alarm: Bell<S>, body: F) -> Self {
        let region = Region::new(body, alarm);
        let kind = TieKind::Cancel(Arc::clone(&node));
        Branch { region: InTask::new(region, Checkpoint::open(), kind), node }
    }
}

impl<F, T, S> Branch<F, T, S> {
    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

impl<F: Future<Output = T>, S: Future, T> Future for Branch<F, T, S> {
    type Output = RegionEnd<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().region.poll(cx)
    }
}
