//! [`Rejected`]: what comes too late goes back to whoever brought it (law 25).

use std::error::Error as StdError;
use std::fmt;

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::error::{Error, ErrorKind};

/// The error of what is not taken: registering on an [`ExitStack`](crate::ExitStack) that is closed, spawning in a
/// [`TaskGroup`](crate::TaskGroup) that has ended, [inserting](crate::keyed::InsertError) in an [`OwnerMap`](crate::OwnerMap) under
/// a key that is taken. It has what was brought ([law 25]).
///
/// It converts into a [`lifespan::Error`](Error), which still has it: `error.downcast::<Rejected<T>>()`.
///
/// [law 25]: crate::guide::guarantees#law-25
#[must_use = "it has what came too late, which is lost if this is dropped"]
pub struct Rejected<T>(Box<RejectedInner<T>>);

struct RejectedInner<T> {
    /// Never locked: only so that the error is `Sync` whatever it carries.
    it: Lock<T>,
    kind: ErrorKind,
    text: String,
    subject: Subject,
}

impl<T> Rejected<T> {
    #[cold]
    pub(crate) fn new(it: T, kind: ErrorKind, text: String, subject: Subject) -> Self {
        let it = Lock::new(it);
        Rejected(Box::new(RejectedInner { it, kind, text, subject }))
    }

    /// By something that is closed.
    #[cold]
    pub(crate) fn closed(it: T, by: &str, subject: Subject) -> Self {
        Rejected::new(it, ErrorKind::Closed, format!("{by} is closed"), subject)
    }

    /// What was brought; it has not been touched.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0.it.into_inner()
    }

    /// What was brought is dropped.
    pub(crate) fn into_error_alone(self) -> Error {
        let RejectedInner { kind, text, subject, .. } = *self.0;
        Error::of(subject, Phase::Enter, kind, text.into())
    }
}

impl<T> fmt::Display for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl<T> fmt::Debug for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.0.text, self.0.subject)
    }
}

impl<T> StdError for Rejected<T> {}

impl<T: Send + 'static> From<Rejected<T>> for Error {
    fn from(rejected: Rejected<T>) -> Self {
        let (kind, subject) = (rejected.0.kind, rejected.0.subject.clone());
        Error::of(subject, Phase::Enter, kind, rejected.into())
    }
}
