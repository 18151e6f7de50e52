//! [`Observed`]: how far the life of a resource has come, if somebody observes events.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::subject::Subject;

/// A life that is observed, from the first poll of its enter on.
pub(crate) struct Observed {
    pub(crate) subject: Subject,
    entering: Instant,
    has_entered: AtomicBool,
    is_abandoned: AtomicBool,
    exiting: OnceLock<Instant>,
    /// Told if it is dropped while it enters, with the time that took so far.
    unentered: fn(&Subject, Duration),
}

impl Observed {
    pub(crate) fn begin(subject: Subject, unentered: fn(&Subject, Duration)) -> Self {
        Observed {
            subject,
            entering: Instant::now(),
            has_entered: AtomicBool::new(false),
            is_abandoned: AtomicBool::new(false),
            exiting: OnceLock::new(),
            unentered,
        }
    }

    /// Its enter has ended; how long that took.
    pub(crate) fn end_enter(&self) -> Duration {
        self.has_entered.store(true, Ordering::Relaxed);
        self.entering.elapsed()
    }

    /// Whether its exit begins now.
    pub(crate) fn begin_exit(&self) -> bool {
        self.exiting.get().is_none() && self.exiting.set(Instant::now()).is_ok()
    }

    /// Its exit has ended; how long that took.
    pub(crate) fn end_exit(&self) -> Duration {
        self.exiting.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    /// Whether nobody has said so before: it may be passed on.
    pub(crate) fn is_first_to_abandon(&self) -> bool {
        !self.is_abandoned.swap(true, Ordering::Relaxed)
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if !*self.has_entered.get_mut() {
            (self.unentered)(&self.subject, self.entering.elapsed());
        }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observed").field(&self.subject).finish()
    }
}
