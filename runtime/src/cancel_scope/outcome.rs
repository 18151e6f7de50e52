//! [`Outcome`]: how a cancel scope ended.

use crate::cancel::cancellation::{Cancellation, Cancelled, CancelledBy};
use crate::cancel::node::Node;

/// How a cancel scope ended. By then everything inside of it has exited.
#[derive(Clone, Debug)]
#[must_use = "it tells whether the body completed"]
pub enum Outcome<T> {
    /// The body completed, and the scope was not cancelled.
    Completed(T),
    /// The scope had been cancelled, but the body completed before anything in it observed that.
    CompletedAnyway(T, Cancelled),
    /// The body was cancelled. If a scope inside returned that to it, and the body then ended by itself, its value is there too.
    Cancelled(Cancelled, Option<T>),
}

impl<T> Outcome<T> {
    pub(super) fn of(node: &Node, value: Option<T>) -> Self {
        match (node.why(), value) {
            (None, Some(value)) => Outcome::Completed(value),
            (Some(why), Some(value)) if !node.is_delivered() => {
                Outcome::CompletedAnyway(value, cancelled(node, why.cancellation, why.inherited))
            }
            (Some(why), value) => Outcome::Cancelled(cancelled(node, why.cancellation, why.inherited), value),
            (None, None) => unreachable!("a body that was dropped had been cancelled"),
        }
    }

    /// What the body returned, unless it was cancelled first. What it returned after it had observed the cancellation is dropped.
    ///
    /// # Errors
    ///
    /// If the body was cancelled.
    pub fn into_result(self) -> Result<T, Cancelled> {
        match self {
            Outcome::Completed(value) | Outcome::CompletedAnyway(value, _) => Ok(value),
            Outcome::Cancelled(cancelled, _) => Err(cancelled),
        }
    }

    /// What the body returned, also after it had observed the cancellation, so that what it made of the cancellation, a default,
    /// say, is here too.
    pub fn into_value(self) -> Option<T> {
        match self {
            Outcome::Completed(value) | Outcome::CompletedAnyway(value, _) => Some(value),
            Outcome::Cancelled(_, value) => value,
        }
    }

    /// What the body returned, whenever it did: a resource that it gives after it was told must not be lost.
    pub(crate) fn returned(self) -> Result<T, Cancelled> {
        match self {
            Outcome::Completed(value) | Outcome::CompletedAnyway(value, _) | Outcome::Cancelled(_, Some(value)) => {
                Ok(value)
            }
            Outcome::Cancelled(cancelled, None) => Err(cancelled),
        }
    }

    /// Whether the body was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Outcome::Cancelled(..))
    }

    /// Why the scope was cancelled, if it was, whether or not the body completed.
    #[must_use]
    pub fn cancellation(&self) -> Option<&Cancellation> {
        match self {
            Outcome::Completed(_) => None,
            Outcome::CompletedAnyway(_, cancelled) | Outcome::Cancelled(cancelled, _) => Some(cancelled.cancellation()),
        }
    }
}

fn cancelled(node: &Node, cancellation: Cancellation, inherited: bool) -> Cancelled {
    let by = match (inherited, cancellation.is_timeout()) {
        (true, _) => CancelledBy::Outer,
        (false, true) => CancelledBy::Deadline,
        (false, false) => CancelledBy::ThisScope,
    };
    let Some(subject) = node.subject().cloned() else {
        unreachable!("a cancel scope has its name from the start")
    };
    Cancelled { cancellation, by, subject }
}
