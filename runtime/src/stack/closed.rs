//! [`Closed`]: what comes to a closed stack goes back to whoever brought it (law 25).

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::entry::Subject;
use crate::error::{Error, ErrorKind, Phase};

/// The error of registering on a stack that is closed. It has what was to be registered (law 25).
///
/// It converts into a [`lifespan::Error`](Error), which still has it: `error.downcast::<Closed<T>>()`.
#[must_use = "it has what was to be registered: dropped, that has no exit"]
pub struct Closed<T>(Box<Refused<T>>);

struct Refused<T> {
    /// Never locked: only so that the error is `Sync` whatever it carries.
    it: Mutex<T>,
    subject: Subject,
}

impl<T> Closed<T> {
    #[cold]
    pub(super) fn new(it: T, subject: Subject) -> Self {
        let it = Mutex::new(it);
        Closed(Box::new(Refused { it, subject }))
    }

    /// What was to be registered.
    #[must_use]
    pub fn into_inner(self) -> T {
        let it = self.0.it.into_inner();
        it.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Display for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the exit stack is closed")
    }
}

impl<T> fmt::Debug for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Closed").field(&self.0.subject).finish()
    }
}

impl<T> StdError for Closed<T> {}

impl<T: Send + 'static> From<Closed<T>> for Error {
    fn from(closed: Closed<T>) -> Self {
        let subject = closed.0.subject.clone();
        Error::of(subject, Phase::Enter, ErrorKind::Failed, closed.into())
    }
}
