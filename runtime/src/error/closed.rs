//! [`Closed`]: what comes to something closed goes back to whoever brought it (law 25).

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::error::{Error, ErrorKind};

/// The error of what comes too late: registering on an [`ExitStack`](crate::ExitStack) that is closed, spawning in a
/// [`TaskGroup`](crate::TaskGroup) that has ended. It has what was brought (law 25).
///
/// It converts into a [`lifespan::Error`](Error), which still has it: `error.downcast::<Closed<T>>()`.
#[must_use = "it has what was brought, which nobody else takes care of"]
pub struct Closed<T>(Box<Refused<T>>);

struct Refused<T> {
    /// Never locked: only so that the error is `Sync` whatever it carries.
    it: Mutex<T>,
    what: &'static str,
    subject: Subject,
}

impl<T> Closed<T> {
    #[cold]
    pub(crate) fn new(it: T, what: &'static str, subject: Subject) -> Self {
        let it = Mutex::new(it);
        Closed(Box::new(Refused { it, what, subject }))
    }

    /// What was brought; it has not been touched.
    #[must_use]
    pub fn into_inner(self) -> T {
        let it = self.0.it.into_inner();
        it.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Display for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is closed", self.0.what)
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
        Error::of(subject, Phase::Enter, ErrorKind::Closed, closed.into())
    }
}
