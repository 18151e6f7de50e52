//! What a cancellation is as an error: the error of what died, and whether an error says no more than that.

use std::error::Error as StdError;

use super::{Error, ErrorKind, chain};
use crate::base::cause::Phase;
use crate::cancel::cancellation::{Cancellation, Cancelled, CancelledBy};
use crate::error::task_error::TaskError;

impl Error {
    /// That of the death which a cancellation tells of, unless it was given out already (law 21).
    pub(crate) fn of_death(cancellation: &Cancellation) -> Option<Self> {
        match cancellation.death()? {
            (Some(subject), death) => Some(Error::failed(subject, Phase::Body, death.take()?)),
            (None, death) => death.take()?.downcast().ok().map(|error| *error),
        }
    }

    /// Whether all it has to say is that something around was cancelled. That a cancel scope inside ended by itself, at its
    /// deadline, say, is more than that.
    pub(crate) fn only_tells_of_around(&self) -> bool {
        match self.downcast_ref::<Cancelled>() {
            Some(cancelled) => cancelled.by == CancelledBy::Outer,
            None => self.cancellation().is_some(),
        }
    }

    /// Whether it only tells of this cancellation.
    pub(crate) fn is_echo_of(&self, cancellation: &Cancellation) -> bool {
        cancellation_in(self.primary()).is_some_and(|told| told.is(cancellation))
    }
}

impl From<Cancelled> for Error {
    fn from(cancelled: Cancelled) -> Self {
        let kind = ErrorKind::of(&cancelled.cancellation);
        let subject = cancelled.subject.clone();
        Error::of(subject, Phase::Body, kind, cancelled.into())
    }
}

/// Whether an error says no more than this cancellation, or one in its chain of sources does. What is attached to such an error
/// has been reported.
pub(crate) fn is_echo(error: &(dyn StdError + 'static), cancellation: &Cancellation) -> bool {
    chain::any_in(error, |error| {
        cancellation_in(error).is_some_and(|told| told.is(cancellation))
    })
}

fn cancellation_in<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e Cancellation> {
    let of_error = error.downcast_ref().and_then(Error::cancellation);
    let of_scope = || error.downcast_ref().map(Cancelled::cancellation);
    let of_child = || error.downcast_ref().and_then(TaskError::death);
    of_error
        .or_else(of_scope)
        .or_else(of_child)
        .or_else(|| error.downcast_ref())
}
