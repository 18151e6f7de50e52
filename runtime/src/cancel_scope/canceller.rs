//! [`Canceller`]: the handle of a cancel scope.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use tokio::time::Instant;

use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::event;

/// Cancels a [`CancelScope`](super::CancelScope), from any task or thread; made by
/// [`canceller`](super::CancelScope::canceller).
///
/// Cheap to clone. When its scope has ended it does nothing.
#[derive(Clone)]
pub struct Canceller {
    node: Arc<Node>,
}

impl Canceller {
    pub(super) fn new(node: Arc<Node>) -> Self {
        Canceller { node }
    }

    /// Asks the scope to unwind. Returns whether this was the first time: the first reason is kept, later ones change nothing.
    ///
    /// It returns at once; the scope's [`run`](super::CancelScope::run) returns when everything inside has exited.
    #[allow(clippy::must_use_candidate, reason = "whether it was first rarely matters")]
    #[track_caller]
    pub fn cancel(&self) -> bool {
        let cancellation = Cancellation::asked(None, Location::caller());
        cancel(&self.node, &cancellation)
    }

    /// As [`cancel`](Canceller::cancel), with a reason for errors and exits.
    #[allow(clippy::must_use_candidate, reason = "whether it was first rarely matters")]
    #[track_caller]
    pub fn cancel_because(&self, reason: impl Into<Cow<'static, str>>) -> bool {
        let cancellation = Cancellation::asked(Some(reason.into()), Location::caller());
        cancel(&self.node, &cancellation)
    }

    /// Whether the scope is cancelled: by this handle or another, by its deadline, or from around it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled()
    }

    /// Why it is cancelled, if it is.
    #[must_use]
    pub fn cancellation(&self) -> Option<Cancellation> {
        self.node.cancellation()
    }

    /// The scope's own deadline. [`effective_deadline`](crate::cancellation::effective_deadline) also looks at those around it.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.node.deadline()
    }

    /// Moves the deadline, earlier or later, or takes it away. On a scope that is cancelled already it changes nothing.
    pub fn set_deadline(&self, at: impl Into<Option<Instant>>) {
        self.node.set_deadline(at.into());
    }

    /// Shields the scope from what is around it, or no longer. A cancellation that waits outside reaches it at once then.
    pub fn set_shielded(&self, shielded: bool) {
        self.node.set_shielded(shielded);
    }

    /// A token that is cancelled when the scope is, for code that takes one. Cancelling the token does not cancel the scope;
    /// for that see [`CancelScope::from_token`](super::CancelScope::from_token).
    #[cfg(feature = "tokio-util")]
    #[must_use]
    pub fn token(&self) -> tokio_util::sync::CancellationToken {
        self.node.token()
    }
}

/// Whether this was the first.
pub(super) fn cancel(node: &Arc<Node>, cancellation: &Cancellation) -> bool {
    let is_first = node.cancel(cancellation);
    if is_first {
        event::cancelled(node, cancellation);
    }
    is_first
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Canceller").field(&self.node).finish()
    }
}
