//! [`ChildError`]: what a child ended with, where that is no value.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::cancel::cancellation::Cancellation;
use crate::entry::Subject;
use crate::error::{Error, ErrorKind, Phase};
use crate::policy::Name;

/// What a child is called that has no name.
pub(super) const UNNAMED: &str = "child";

/// What a child of a [`TaskGroup`](super::TaskGroup) ended with, where that is no value.
///
/// Its [`Child`](super::Child) gives it. The error that a child failed with belongs to the group, so here is only its text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ChildError {
    /// It returned an error, with this text.
    Failed(String),
    /// It panicked, with this text.
    Panicked(String),
    /// It was cancelled, alone or with its group, and has unwound.
    Cancelled(Cancellation),
    /// Its task was dropped, since its runtime shut down.
    Dropped,
    /// It returned without having become ready; only [`start`](super::TaskGroup::start) fails with it.
    NotReady,
    /// It dropped its [`Ready`](crate::Ready) and went on; only [`start`](super::TaskGroup::start) fails with it.
    ReadyDropped,
    /// It had not unwound when the exit budget of its group was used up.
    Ignored {
        /// How long it was waited for after its cancellation.
        cancel: Option<Duration>,
        /// Whether it is gone now that it was aborted; if not, it blocks its thread.
        is_gone: bool,
    },
    /// The group had ended before it was to be started.
    GroupClosed,
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChildError::Failed(text) => f.write_str(text),
            ChildError::Panicked(text) => write!(f, "it panicked: {text}"),
            ChildError::Cancelled(cancellation) => write!(f, "{cancellation}"),
            ChildError::Dropped => f.write_str("its task was dropped, since its runtime shut down"),
            ChildError::NotReady => f.write_str("it returned without `ready.set(..)`"),
            ChildError::ReadyDropped => {
                f.write_str("it dropped its `Ready` without `ready.set(..)`, and went on")
            }
            ChildError::Ignored { cancel, is_gone } => {
                let cancel = cancel.unwrap_or_default();
                write!(
                    f,
                    "it ignored its cancellation for {cancel:?}, and was aborted"
                )?;
                f.write_str(if *is_gone {
                    ""
                } else {
                    "; it goes on, since it blocks its thread"
                })
            }
            ChildError::GroupClosed => f.write_str("its group has ended"),
        }
    }
}

impl StdError for ChildError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            ChildError::Cancelled(cancellation) => Some(cancellation),
            _ => None,
        }
    }
}

/// For `child.await?` in a body that fails with our error; it names the place of the conversion.
impl From<ChildError> for Error {
    #[track_caller]
    fn from(error: ChildError) -> Self {
        let subject = Subject {
            name: Name::Given(UNNAMED.into()),
            place: Location::caller(),
        };
        match error {
            // What is told by it is told as such (law 15).
            ChildError::Cancelled(cancellation) => {
                let kind = cancellation.error_kind();
                Error::of(subject, Phase::Body, kind, cancellation.into())
            }
            error => Error::of(subject, Phase::Body, ErrorKind::Failed, error.into()),
        }
    }
}
