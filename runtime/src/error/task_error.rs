//! [`TaskError`]: what a task ended with, that of a service or of a child, where that is no error of its own.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::{Error, ErrorKind, chain};
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::policy::Name;
use crate::cancel::cancellation::Cancellation;

/// What a child is called that has no name.
pub(crate) const UNNAMED: &str = "child";

/// What the task of a [`Service`](crate::Service), or of a child of a [`TaskGroup`](crate::TaskGroup), ended with, where that is no error
/// of its own.
///
/// A [`Child`](crate::task::Child) gives it, and it is the [primary](crate::Error::primary) error of an enter, of an exit, or of the scope
/// whose body the end of the task has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// A child returned an error. That belongs to the group, so here is only its text.
    Failed(TaskFailure),
    /// It panicked.
    Panicked(TaskFailure),
    /// A child was cancelled, alone or with its group, and has unwound.
    Cancelled(Cancellation),
    /// Its task was dropped, since its runtime shut down.
    Dropped,
    /// It returned without having become ready.
    NotReady,
    /// It dropped its [`Ready`](crate::task::Ready) and went on.
    ReadyDropped,
    /// A service returned `Ok` before it was asked to stop.
    EndedEarly,
    /// A service did not stop in time when it was asked to, and was cancelled: what it was at may be half done.
    NotStopped {
        /// How long it was waited for after the request to stop.
        stop: Duration,
        /// What it [said](crate::Stop::progress) last.
        progress: Option<String>,
    },
    /// It had not unwound when the time for that was over, and was aborted.
    Ignored {
        /// How long it was waited for after the request to stop, which a child is never sent.
        stop: Option<Duration>,
        /// How long it was waited for after its cancellation.
        cancel: Option<Duration>,
        /// Whether it is gone now that it was aborted; if not, it blocks its thread.
        is_gone: bool,
        /// What a service [said](crate::Stop::progress) last.
        progress: Option<String>,
    },
    /// The group had ended before a child was to be started.
    GroupClosed,
    /// There is no tokio runtime where a service was to be entered.
    NoRuntime,
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskError::Failed(failure) => f.write_str(&failure.text),
            TaskError::Panicked(failure) => write!(f, "it panicked: {}", failure.text),
            TaskError::Cancelled(cancellation) => write!(f, "{cancellation}"),
            TaskError::Dropped => f.write_str("its task was dropped, since its runtime shut down"),
            TaskError::NotReady => f.write_str("it returned without `ready.set(..)`"),
            TaskError::ReadyDropped => f.write_str("it dropped its `Ready` without `ready.set(..)`, and went on"),
            TaskError::EndedEarly => f.write_str("it ended before it was asked to stop"),
            TaskError::NotStopped { stop, progress } => {
                write!(
                    f,
                    "it did not stop within {stop:?} when it was asked to, and was cancelled"
                )?;
                write_progress(f, progress.as_deref())
            }
            TaskError::Ignored { stop, cancel, is_gone, progress } => {
                write_ignored(f, *stop, *cancel)?;
                f.write_str(if *is_gone { "" } else { "; it goes on, since it blocks its thread" })?;
                write_progress(f, progress.as_deref())
            }
            TaskError::GroupClosed => f.write_str("its group has ended"),
            TaskError::NoRuntime => f.write_str("there is no tokio runtime to spawn it on"),
        }
    }
}

fn write_ignored(f: &mut fmt::Formatter<'_>, stop: Option<Duration>, cancel: Option<Duration>) -> fmt::Result {
    let cancel = cancel.unwrap_or_default();
    match stop {
        Some(stop) => {
            write!(
                f,
                "it ignored the request to stop for {stop:?} and its cancellation for {cancel:?}, and was aborted"
            )
        }
        None if cancel.is_zero() => f.write_str("no time was left for it to unwind, and it was aborted"),
        None => write!(f, "it ignored its cancellation for {cancel:?}, and it was aborted"),
    }
}

fn write_progress(f: &mut fmt::Formatter<'_>, progress: Option<&str>) -> fmt::Result {
    match progress {
        Some(text) => write!(f, ", last progress: {text}"),
        None => Ok(()),
    }
}

impl StdError for TaskError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            TaskError::Cancelled(cancellation) => chain::below(cancellation),
            _ => None,
        }
    }
}

/// What a task failed with, as its text.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskFailure {
    text: String,
    task: Subject,
    /// The end of its group, if it is what that ended with.
    death: Option<Cancellation>,
}

impl TaskFailure {
    pub(crate) fn new(text: String, task: &Subject) -> Self {
        TaskFailure { text, task: task.clone(), death: None }
    }

    /// The text of the error, or of the panic.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the service or child.
    #[must_use]
    pub fn task(&self) -> &str {
        self.task.name.as_str()
    }
}

impl fmt::Debug for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {:?}", self.text, self.task)
    }
}

impl TaskError {
    fn failure(&self) -> Option<&TaskFailure> {
        match self {
            TaskError::Failed(failure) | TaskError::Panicked(failure) => Some(failure),
            _ => None,
        }
    }

    /// A child that did not unwind in its time.
    pub(crate) fn ignored(cancel: Option<Duration>, is_gone: bool) -> Self {
        TaskError::Ignored { stop: None, cancel, is_gone, progress: None }
    }

    /// The group has ended with this.
    pub(crate) fn ends_group(&mut self, death: Cancellation) {
        if let TaskError::Failed(failure) | TaskError::Panicked(failure) = self {
            failure.death = Some(death);
        }
    }

    /// The death of its group that it tells of, if it does.
    pub(crate) fn death(&self) -> Option<&Cancellation> {
        self.failure()?.death.as_ref()
    }
}

/// For `child.await?` in a body that fails with our error. In the body of its group, or in a sibling, a failure is not reported twice:
/// the group fails with the error itself.
impl From<TaskError> for Error {
    #[track_caller]
    fn from(error: TaskError) -> Self {
        let unknown = || Subject::new(Name::Given(UNNAMED.into()), Location::caller());
        let subject = error.failure().map_or_else(unknown, |failure| failure.task.clone());
        match error {
            // What is told by it is told as such (law 15).
            TaskError::Cancelled(cancellation) => Error::cancelled(subject, Phase::Body, cancellation),
            error => Error::of(subject, Phase::Body, ErrorKind::Failed, error.into()),
        }
    }
}
