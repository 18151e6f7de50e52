//! [`Child`]: the handle of a child.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use crate::cancel::cancellation::Cancellation;
use crate::cancel::current;
use crate::cancel::node::Node;
use crate::error::task_error::TaskError;

/// A child of a [`TaskGroup`](super::TaskGroup): a future that gives what it returned.
///
/// Dropping it does nothing to the child, which belongs to the group; that also gets its failure.
///
/// # Errors
///
/// As a future: a [`TaskError`], if the child failed, panicked or was cancelled. A cancelled child that had observed this and
/// then returned `Ok` counts as cancelled ([law 15]).
///
/// # Panics
///
/// When polled after it has given its result.
///
/// # Cancel safety
///
/// It may be dropped at any time; `&mut child` in a `select!` keeps it.
///
/// [law 15]: crate::guide::guarantees#law-15
pub struct Child<T> {
    result: oneshot::Receiver<Result<T, TaskError>>,
    /// The cancel scope it runs in.
    node: Arc<Node>,
}

impl<T> Child<T> {
    pub(super) fn new(result: oneshot::Receiver<Result<T, TaskError>>, node: Arc<Node>) -> Self {
        Child { result, node }
    }

    /// Whether it has ended, and unwound if it was cancelled.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.result.is_terminated() || !self.result.is_empty()
    }

    /// Cancels this child alone: what lives in it unwinds ([law 13]). The group goes on, and does not fail for it. Whether this
    /// was the first time it was cancelled.
    ///
    /// [law 13]: crate::guide::guarantees#law-13
    #[allow(clippy::must_use_candidate, reason = "whether it was first rarely matters")]
    #[track_caller]
    pub fn cancel(&self) -> bool {
        let cancellation = Cancellation::asked(None, Location::caller());
        self.node.cancel(&cancellation)
    }

    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

impl<T> Future for Child<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let told = ready!(Pin::new(&mut self.result).poll(cx));
        let told = told.unwrap_or(Err(TaskError::Dropped));
        let death = told.as_ref().err().and_then(TaskError::death);
        if let (Some(death), Some(here)) = (death, current::cancellation()) {
            // Whoever awaits it in its group learns by this of what ended that (law 15).
            if here.is(death) {
                current::deliver_here();
            }
        }
        Poll::Ready(told)
    }
}

/// Nothing of it is pinned.
impl<T> Unpin for Child<T> {}

impl<T> fmt::Debug for Child<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("subject", &self.node.subject())
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
