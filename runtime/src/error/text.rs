//! What an [`Error`] says: one sentence, and the full report.

use std::fmt;

use super::{Error, ErrorKind};
use crate::base::cause::Phase;
use crate::base::panic::rendered;
use crate::cancel::cancellation::Cancelled;

/// What happened, without the attached errors.
struct Sentence<'a>(&'a Error);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, phase, primary) = (self.0.resource(), self.0.phase(), &self.0.0.primary);
        match self.0.kind() {
            ErrorKind::Panicked => write!(f, "resource `{name}` panicked in its {phase}: {primary}"),
            ErrorKind::TimedOut => write!(f, "resource `{name}` did not {phase} {primary}"),
            ErrorKind::Interrupted => write!(f, "resource `{name}` was interrupted in its {phase}: {primary}"),
            ErrorKind::Lost => write!(f, "resource `{name}` lost its {phase}: {primary}"),
            ErrorKind::Closed if phase == Phase::Body => write!(f, "resource `{name}` is closed: {primary}"),
            ErrorKind::Deadlock => write!(f, "resource `{name}` would wait for itself: {primary}"),
            // A cancel scope says all of it itself.
            ErrorKind::Cancelled | ErrorKind::DeadlinePassed if primary.is::<Cancelled>() => write!(f, "{primary}"),
            ErrorKind::Cancelled | ErrorKind::DeadlinePassed if phase == Phase::Enter => {
                write!(f, "resource `{name}` was not entered: {primary}")
            }
            ErrorKind::Cancelled | ErrorKind::DeadlinePassed => {
                write!(f, "the scope of `{name}` was cancelled: {primary}")
            }
            _ if phase == Phase::Body => write!(f, "resource `{name}` died: {primary}"),
            _ => write!(f, "resource `{name}` failed to {phase}: {primary}"),
        }
    }
}

impl Error {
    /// What it adds to the sentence of another error.
    fn brief(&self) -> String {
        if self.kind() == ErrorKind::Failed && self.phase() != Phase::Body {
            return format!("`{}`: {}", self.resource(), self.0.primary);
        }
        let sentence = Sentence(self).to_string();
        match sentence.strip_prefix("resource ") {
            Some(brief) => brief.to_owned(),
            None => sentence,
        }
    }

    fn write_report(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        write!(f, "{}\n{indent}  entered at {}", Sentence(self), self.place())?;
        let mut source = self.0.primary.source();
        while let Some(error) = source {
            write!(f, "\n{indent}  caused by: {}", rendered(&error))?;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sentence(self).fmt(f)?;
        let mut attached = self.0.attached.iter();
        attached.try_for_each(|other| write!(f, "; also: {}", other.brief()))
    }
}

/// The full report: the sentence, the place, the chain of sources, and the same for everything attached.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_report(f, "")?;
        for (index, other) in self.0.attached.iter().enumerate() {
            write!(f, "\n  {}. ", index + 1)?;
            other.write_report(f, "     ")?;
        }
        Ok(())
    }
}
