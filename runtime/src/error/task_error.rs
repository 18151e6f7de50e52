//! [`ChildError`]: what a child ended with, where that is no value.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::policy::Name;
use crate::cancel::cancellation::Cancellation;
use crate::error::{Error, ErrorKind, chain};

/// What a child is called that has no name.
pub(crate) const UNNAMED: &str = "child";

/// What a child of a [`TaskGroup`](crate::task::group::TaskGroup) ended with, where that is no value.
///
/// Its [`Child`](crate::task::group::Child) gives it. The error that a child failed with belongs to the group, so here is only its text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ChildError {
    /// It returned an error.
    Failed(ChildFailure),
    /// It panicked.
    Panicked(ChildFailure),
    /// It was cancelled, alone or with its group, and has unwound.
    Cancelled(Cancellation),
    /// Its task was dropped, since its runtime shut down.
    Dropped,
    /// It returned without having become ready; only [`start`](crate::task::group::TaskGroup::start) fails with it.
    NotReady,
    /// It dropped its [`Ready`](crate::Ready) and went on; only [`start`](crate::task::group::TaskGroup::start) fails with it.
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
            ChildError::Failed(failure) => f.write_str(&failure.text),
            ChildError::Panicked(failure) => write!(f, "it panicked: {}", failure.text),
            ChildError::Cancelled(cancellation) => write!(f, "{cancellation}"),
            ChildError::Dropped => f.write_str("its task was dropped, since its runtime shut down"),
            ChildError::NotReady => f.write_str("it returned without `ready.set(..)`"),
            ChildError::ReadyDropped => f.write_str("it dropped its `Ready` without `ready.set(..)`, and went on"),
            ChildError::Ignored { cancel, is_gone } => {
                match cancel.filter(|cancel| !cancel.is_zero()) {
                    Some(cancel) => write!(f, "it ignored its cancellation for {cancel:?}")?,
                    None => f.write_str("no time was left for it to unwind")?,
                }
                f.write_str(", and it was aborted")?;
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
            ChildError::Cancelled(cancellation) => chain::below(cancellation),
            _ => None,
        }
    }
}

/// What a child failed with, as its handle knows it.
#[derive(Clone)]
pub struct ChildFailure {
    text: String,
    child: Subject,
    /// The end of the group, if it is what that ended with.
    death: Option<Cancellation>,
}

impl ChildFailure {
    pub(crate) fn new(text: String, child: &Subject) -> Self {
        ChildFailure {
            text,
            child: child.clone(),
            death: None,
        }
    }

    /// The text of the error, or of the panic.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the child.
    #[must_use]
    pub fn child(&self) -> &str {
        self.child.name.as_str()
    }
}

impl fmt::Debug for ChildFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {:?}", self.text, self.child)
    }
}

impl ChildError {
    fn failure(&self) -> Option<&ChildFailure> {
        match self {
            ChildError::Failed(failure) | ChildError::Panicked(failure) => Some(failure),
            _ => None,
        }
    }

    /// The group has ended with this.
    pub(crate) fn ends_group(&mut self, death: Cancellation) {
        if let ChildError::Failed(failure) | ChildError::Panicked(failure) = self {
            failure.death = Some(death);
        }
    }

    /// The death of its group that it tells of, if it does.
    pub(crate) fn death(&self) -> Option<&Cancellation> {
        self.failure()?.death.as_ref()
    }
}

/// For `child.await?` in a body that fails with our error. In the body of its group, or in a sibling, a failure is not told twice:
/// the group fails with the error itself.
impl From<ChildError> for Error {
    #[track_caller]
    fn from(error: ChildError) -> Self {
        let unknown = || Subject::new(Name::Given(UNNAMED.into()), Location::caller());
        let subject = error.failure().map_or_else(unknown, |failure| failure.child.clone());
        match error {
            // What is told by it is told as such (law 15).
            ChildError::Cancelled(cancellation) => {
                let kind = ErrorKind::of(&cancellation);
                Error::of(subject, Phase::Body, kind, cancellation.into())
            }
            error => Error::of(subject, Phase::Body, ErrorKind::Failed, error.into()),
        }
    }
}
