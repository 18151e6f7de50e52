//! [`Observed`]: how far the life of a resource has come, if somebody observes events.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::subject::Subject;

/// A life that is observed, from the first poll of its enter on.
pub(crate) struct Observed {
    pub(crate) subject: Subject,
    entering: Instant,
    stage: AtomicU8,
    is_abandoned: AtomicBool,
    exiting: OnceLock<Instant>,
    /// Told if it is dropped before it has ended.
    dropped: fn(&Observed),
}

const ENTERING: u8 = 0;
const ENTERED: u8 = 1;
const ENDED: u8 = 2;

impl Observed {
    pub(crate) fn begin(subject: Subject, dropped: fn(&Observed)) -> Self {
        Observed {
            subject,
            entering: Instant::now(),
            stage: AtomicU8::new(ENTERING),
            is_abandoned: AtomicBool::new(false),
            exiting: OnceLock::new(),
            dropped,
        }
    }

    /// It has entered; how long that took.
    pub(crate) fn enter(&self) -> Duration {
        self.stage.store(ENTERED, Ordering::Relaxed);
        self.elapsed()
    }

    /// It ends without a life; how long that took.
    pub(crate) fn end(&self) -> Duration {
        self.stage.store(ENDED, Ordering::Relaxed);
        self.elapsed()
    }

    pub(crate) fn has_entered(&self) -> bool {
        self.stage.load(Ordering::Relaxed) != ENTERING
    }

    /// Since it began to enter.
    pub(crate) fn elapsed(&self) -> Duration {
        self.entering.elapsed()
    }

    /// Whether its exit begins now.
    pub(crate) fn begin_exit(&self) -> bool {
        self.stage.store(ENDED, Ordering::Relaxed);
        self.exiting.get().is_none() && self.exiting.set(Instant::now()).is_ok()
    }

    /// Its exit has ended; how long that took.
    pub(crate) fn end_exit(&self) -> Duration {
        self.exiting.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    /// Whether nobody has said so before: it may be passed on.
    pub(crate) fn is_first_to_abandon(&self) -> bool {
        self.stage.store(ENDED, Ordering::Relaxed);
        !self.is_abandoned.swap(true, Ordering::Relaxed)
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if *self.stage.get_mut() != ENDED {
            (self.dropped)(self);
        }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observed").field(&self.subject).finish()
    }
}
