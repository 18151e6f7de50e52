//! [`ServiceError`]: what a service does wrong without having an error of its own.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// What a [`Service`](super::Service) failed of, where that is no error of its own.
///
/// It is the [primary](crate::Error::primary) error of an enter, of an exit, or of the scope whose body its death ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceError {
    /// It returned without having become ready.
    NotReady,
    /// It dropped its [`Ready`](super::Ready) and went on.
    ReadyDropped,
    /// It returned `Ok` before anybody had asked it to stop.
    EndedEarly,
    /// It panicked, with this text.
    Panicked(String),
    /// Its runtime shut down, or nothing else was left that could have run it.
    Dropped,
    /// It did not stop in time when it was asked to, and was cancelled: what it was at may be half done.
    NotStopped {
        /// How long it was waited for after the request to stop.
        stop: Duration,
        /// What it [said](super::Stop::progress) last.
        progress: Option<String>,
    },
    /// It neither stopped when it was asked to, nor unwound when it was cancelled.
    Ignored {
        /// How long it was waited for after the request to stop.
        stop: Option<Duration>,
        /// How long it was waited for after the cancellation.
        cancel: Option<Duration>,
        /// Whether it is gone now that it was aborted; if not, it blocks its thread.
        is_gone: bool,
        /// What it [said](super::Stop::progress) last.
        progress: Option<String>,
    },
    /// There is no tokio runtime where it was to be entered.
    NoRuntime,
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServiceError::NotReady => f.write_str("it returned without `ready.set(..)`"),
            ServiceError::ReadyDropped => f.write_str("it dropped its `Ready` without `ready.set(..)`, and went on"),
            ServiceError::EndedEarly => f.write_str("it ended before it was asked to stop"),
            ServiceError::Panicked(text) => write!(f, "it panicked: {text}"),
            ServiceError::Dropped => f.write_str("its task was dropped, since its runtime shut down"),
            ServiceError::NotStopped { stop, progress } => {
                write!(
                    f,
                    "it did not stop within {stop:?} when it was asked to, and was cancelled"
                )?;
                write_progress(f, progress.as_deref())
            }
            ServiceError::Ignored {
                stop,
                cancel,
                is_gone,
                progress,
            } => {
                let (stop, cancel) = (stop.unwrap_or_default(), cancel.unwrap_or_default());
                write!(
                    f,
                    "it ignored the request to stop for {stop:?} and its cancellation for {cancel:?}, and was aborted"
                )?;
                f.write_str(if *is_gone {
                    ""
                } else {
                    "; it goes on, since it blocks its thread"
                })?;
                write_progress(f, progress.as_deref())
            }
            ServiceError::NoRuntime => f.write_str("there is no tokio runtime to spawn it on"),
        }
    }
}

fn write_progress(f: &mut fmt::Formatter<'_>, progress: Option<&str>) -> fmt::Result {
    match progress {
        Some(text) => write!(f, ", last progress: {text}"),
        None => Ok(()),
    }
}

impl StdError for ServiceError {}
