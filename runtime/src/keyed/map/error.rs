//! [`InsertError`] and [`RemoveError`]: why nobody came, or nobody left.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::text_or;
use crate::base::policy::Name;
use crate::error::{Error, ErrorKind};

/// Why a resource did not become a member of an [`OwnerMap`](crate::OwnerMap).
#[non_exhaustive]
pub enum InsertError<L> {
    /// The key is another's, that enters or is live.
    Taken(Refused<L>),
    /// The map is closed, or about to be.
    Closed(Refused<L>),
    /// It would have waited for its own exit: called by the very member that is to leave.
    Deadlock(Refused<L>),
    /// It was let in, and failed to enter. If that is because it was removed meanwhile, or the map has ended,
    /// [`is_closed`](Error::is_closed) tells.
    Failed(Error),
}

/// A lifespan that was not let in, or what would have [made](crate::OwnerMap::get_or_insert) it, and the key that it was to have.
pub struct Refused<L> {
    key: String,
    subject: Subject,
    /// Never locked: makes the error `Sync`, whatever the lifespan is.
    lifespan: Mutex<L>,
}

/// Why a member of an [`OwnerMap`](crate::OwnerMap) was not removed, or what failed as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum RemoveError {
    /// Nobody has this key.
    Unknown {
        /// The key, as its `Debug` writes it.
        key: String,
    },
    /// It has been removed, and its exit failed; or it would wait for itself.
    Failed(Error),
}

impl<L> Refused<L> {
    pub(super) fn new(key: &impl fmt::Debug, subject: Subject, lifespan: L) -> Self {
        Refused {
            key: written(key),
            subject,
            lifespan: Mutex::new(lifespan),
        }
    }

    /// The key, as its `Debug` writes it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The lifespan; it has not been entered.
    #[must_use]
    pub fn into_lifespan(self) -> L {
        let lifespan = self.lifespan.into_inner();
        lifespan.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L> InsertError<L> {
    /// The lifespan, if it was not let in: it has not been entered.
    #[must_use]
    pub fn into_lifespan(self) -> Option<L> {
        self.into_refused().ok().map(Refused::into_lifespan)
    }

    fn into_refused(self) -> Result<Refused<L>, Error> {
        match self {
            InsertError::Taken(refused) | InsertError::Closed(refused) | InsertError::Deadlock(refused) => Ok(refused),
            InsertError::Failed(error) => Err(error),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            InsertError::Taken(_) => ErrorKind::Failed,
            InsertError::Closed(_) => ErrorKind::Closed,
            InsertError::Deadlock(_) => ErrorKind::Deadlock,
            InsertError::Failed(error) => error.kind(),
        }
    }
}

/// The lifespan is dropped.
impl<L> From<InsertError<L>> for Error {
    fn from(error: InsertError<L>) -> Self {
        let (kind, text) = (error.kind(), error.to_string());
        match error.into_refused() {
            Ok(refused) => Error::of(refused.subject, Phase::Enter, kind, text.into()),
            Err(error) => error,
        }
    }
}

impl From<RemoveError> for Error {
    #[track_caller]
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Failed(error) => error,
            RemoveError::Unknown { ref key } => {
                let subject = Subject::new(Name::Given(key.clone().into()), Location::caller());
                Error::of(subject, Phase::Body, ErrorKind::Closed, error.into())
            }
        }
    }
}

impl<L> fmt::Display for InsertError<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InsertError::Taken(refused) => write!(f, "key {} is taken", refused.key),
            InsertError::Closed(refused) => {
                write!(f, "the map is closed to key {}", refused.key)
            }
            InsertError::Deadlock(refused) => write!(
                f,
                "the member of key {} would wait for its own exit\n\
                 help: only a task that is not waited for there can come for that key",
                refused.key
            ),
            InsertError::Failed(error) => error.fmt(f),
        }
    }
}

impl<L> fmt::Debug for InsertError<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InsertError::Failed(error) => error.fmt(f),
            _ => fmt::Display::fmt(self, f),
        }
    }
}

impl<L> StdError for InsertError<L> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            InsertError::Failed(error) => error.source(),
            _ => None,
        }
    }
}

impl<L> fmt::Debug for Refused<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("key", &format_args!("{}", self.key))
            .field("lifespan", &self.subject)
            .finish()
    }
}

/// A key, whose `Debug` is the user's.
fn written(key: &impl fmt::Debug) -> String {
    text_or(&|| format!("{key:?}"), "(a key whose `Debug` panics)")
}

impl RemoveError {
    pub(super) fn unknown(key: &impl fmt::Debug) -> Self {
        let key = written(key);
        RemoveError::Unknown { key }
    }
}

impl fmt::Display for RemoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RemoveError::Unknown { key } => write!(f, "nobody has key {key}"),
            RemoveError::Failed(error) => error.fmt(f),
        }
    }
}

impl StdError for RemoveError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            RemoveError::Unknown { .. } => None,
            RemoveError::Failed(error) => error.source(),
        }
    }
}
