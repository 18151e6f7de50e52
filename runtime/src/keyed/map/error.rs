//! [`InsertError`]: why a resource did not become a member of a map.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::text_or;
use crate::base::policy::Name;
use crate::error::rejected::Rejected;
use crate::error::{Error, ErrorKind};

/// Why a resource did not become a member of an [`OwnerMap`](crate::OwnerMap). What was rejected, a lifespan or what would have
/// [made](crate::OwnerMap::get_or_insert) one, has not been entered.
#[non_exhaustive]
pub enum InsertError<L> {
    /// The key is another's, that enters or is live.
    Taken(Rejected<L>),
    /// The map is closed, or about to be.
    Closed(Rejected<L>),
    /// It would have waited for its own exit: called by the very member that is to leave.
    Deadlock(Rejected<L>),
    /// It was let in, and failed to enter. If that is because it was removed meanwhile, or the map has ended,
    /// [`is_closed`](Error::is_closed) says so.
    Failed(Error),
}

/// Why there is no place for one that comes.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    Taken,
    Closed,
    Own,
}

impl<L> InsertError<L> {
    pub(super) fn refused(why: Refusal, key: &impl fmt::Debug, subject: Subject, lifespan: L) -> Self {
        let key = written(key);
        match why {
            Refusal::Taken => {
                let text = format!("key {key} is taken");
                InsertError::Taken(Rejected::new(lifespan, ErrorKind::Failed, text, subject))
            }
            Refusal::Closed => {
                let text = format!("the map is closed to key {key}");
                InsertError::Closed(Rejected::new(lifespan, ErrorKind::Closed, text, subject))
            }
            Refusal::Own => {
                let text = format!(
                    "the member of key {key} would wait for its own exit\n\
                     help: only a task that is not waited for there can come for that key"
                );
                InsertError::Deadlock(Rejected::new(lifespan, ErrorKind::Deadlock, text, subject))
            }
        }
    }

    /// The lifespan, if it was not let in: it has not been entered.
    #[must_use]
    pub fn into_lifespan(self) -> Option<L> {
        self.into_rejected().ok().map(Rejected::into_inner)
    }

    fn into_rejected(self) -> Result<Rejected<L>, Error> {
        match self {
            InsertError::Taken(it) | InsertError::Closed(it) | InsertError::Deadlock(it) => Ok(it),
            InsertError::Failed(error) => Err(error),
        }
    }

    fn said(&self) -> Result<&Rejected<L>, &Error> {
        match self {
            InsertError::Taken(it) | InsertError::Closed(it) | InsertError::Deadlock(it) => Ok(it),
            InsertError::Failed(error) => Err(error),
        }
    }
}

/// The lifespan is dropped.
impl<L> From<InsertError<L>> for Error {
    fn from(error: InsertError<L>) -> Self {
        error
            .into_rejected()
            .map_or_else(|error| error, Rejected::into_error_alone)
    }
}

impl<L> fmt::Display for InsertError<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.said() {
            Ok(rejected) => rejected.fmt(f),
            Err(error) => error.fmt(f),
        }
    }
}

impl<L> fmt::Debug for InsertError<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.said() {
            Ok(rejected) => fmt::Debug::fmt(rejected, f),
            Err(error) => fmt::Debug::fmt(error, f),
        }
    }
}

impl<L> StdError for InsertError<L> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.said().err()?.source()
    }
}

/// Nobody has this key, which was asked for there.
pub(super) fn unknown(key: &impl fmt::Debug, place: &'static Location<'static>) -> Error {
    let key = written(key);
    let text = format!("nobody has key {key}");
    let name = Name::Given(key.into());
    Error::of(Subject::new(name, place), Phase::Body, ErrorKind::Closed, text.into())
}

/// A key, whose `Debug` is the user's.
fn written(key: &impl fmt::Debug) -> String {
    text_or(&|| format!("{key:?}"), "(a key whose `Debug` panics)")
}
