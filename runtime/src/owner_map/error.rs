//! [`InsertError`] and [`UnknownKey`]: what an [`OwnerMap`](super::OwnerMap) says no to.

use std::error::Error as StdError;
use std::fmt::{self, Debug};
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use crate::entry::Subject;
use crate::error::{Error, ErrorKind, Phase};
use crate::policy::Name;

/// Why a resource was not inserted. If it was not even entered, it comes back (law 25).
#[must_use = "it may have what was to be inserted"]
pub struct InsertError<L> {
    why: Why,
    /// Never locked: only so that the error is `Sync` whatever it carries.
    lifespan: Option<Mutex<L>>,
}

enum Why {
    Duplicate(String),
    Closed,
    Failed(Error),
}

impl<L> InsertError<L> {
    pub(super) fn failed(error: Error) -> Self {
        InsertError {
            why: Why::Failed(error),
            lifespan: None,
        }
    }

    /// The map was closed while it entered, and it has exited.
    pub(super) fn too_late() -> Self {
        InsertError {
            why: Why::Closed,
            lifespan: None,
        }
    }

    /// Whether the key is taken.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self.why, Why::Duplicate(_))
    }

    /// Whether the map is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.why, Why::Closed)
    }

    /// What was to be inserted, if it was not entered.
    #[must_use]
    pub fn into_lifespan(self) -> Option<L> {
        let lifespan = self.lifespan?.into_inner();
        Some(lifespan.unwrap_or_else(PoisonError::into_inner))
    }
}

impl InsertError<()> {
    pub(super) fn duplicate(key: &impl Debug) -> Self {
        InsertError {
            why: Why::Duplicate(format!("{key:?}")),
            lifespan: None,
        }
    }

    pub(super) fn closed() -> Self {
        InsertError::too_late()
    }

    /// With what comes back.
    pub(super) fn with<L>(self, lifespan: L) -> InsertError<L> {
        InsertError {
            why: self.why,
            lifespan: Some(Mutex::new(lifespan)),
        }
    }
}

impl<L> fmt::Display for InsertError<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Duplicate(key) => write!(f, "the key {key} is taken"),
            Why::Closed => f.write_str("the map is closed"),
            Why::Failed(error) => write!(f, "{error}"),
        }
    }
}

impl<L> Debug for InsertError<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Failed(error) => write!(f, "{error:?}"),
            Why::Duplicate(_) | Why::Closed => write!(f, "{self}"),
        }
    }
}

impl<L> StdError for InsertError<L> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.why {
            Why::Failed(error) => error.source(),
            Why::Duplicate(_) | Why::Closed => None,
        }
    }
}

impl<L> From<InsertError<L>> for Error {
    #[track_caller]
    fn from(error: InsertError<L>) -> Self {
        let kind = match error.why {
            Why::Failed(error) => return error,
            Why::Duplicate(_) => ErrorKind::Failed,
            Why::Closed => ErrorKind::Closed,
        };
        let text = error.to_string();
        Error::of(map(), Phase::Enter, kind, text.into())
    }
}

/// There is no resource of this key.
#[derive(Clone, Debug)]
pub struct UnknownKey(String);

impl UnknownKey {
    pub(super) fn new(key: &impl Debug) -> Self {
        UnknownKey(format!("{key:?}"))
    }
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no resource of the key {}", self.0)
    }
}

impl StdError for UnknownKey {}

impl From<UnknownKey> for Error {
    #[track_caller]
    fn from(error: UnknownKey) -> Self {
        Error::of(map(), Phase::Exit, ErrorKind::Failed, error.into())
    }
}

#[track_caller]
fn map() -> Subject {
    Subject {
        name: Name::Given("owner map".into()),
        place: Location::caller(),
    }
}
