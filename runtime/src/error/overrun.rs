//! [`Overrun`]: a budget that ran out, and how much time there was.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use super::{Error, ErrorKind};
use crate::base::cause::Phase;
use crate::base::entry::Entry;

/// How much time an enter or exit had, as errors say it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Allowed {
    /// A budget, as the user wrote it: its own, or that of what it is a part of.
    Within(Duration),
    /// The time of what it is a part of was over before it began.
    Nothing,
}

/// Its text continues the sentence "did not enter".
#[derive(Debug)]
struct Overrun {
    allowed: Allowed,
    progress: Option<String>,
}

impl Error {
    pub(crate) fn timed_out(entry: &Entry, phase: Phase, allowed: Allowed, progress: Option<String>) -> Self {
        let overrun = Overrun { allowed, progress };
        Error::new(entry, phase, ErrorKind::TimedOut, overrun.into())
    }
}

impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.allowed {
            Allowed::Within(budget) => write!(f, "within {budget:?}")?,
            Allowed::Nothing => f.write_str("in time: no time was left for it")?,
        }
        match &self.progress {
            Some(text) => write!(f, ", last progress: {text}"),
            None => Ok(()),
        }
    }
}

impl StdError for Overrun {}
