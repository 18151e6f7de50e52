//! [`ReportSubscriber`]: sees what is reported on its runtime, for somebody who must know whether all went well.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::runtime::{self, Handle};

use super::kind::{Event, EventKind, Level};
use super::observers::{Observation, observe};
use crate::base::cause::Phase;
use crate::error::{Error, ErrorKind};

static WITNESSES: Mutex<Vec<(runtime::Id, Arc<SeenReports>)>> = Mutex::new(Vec::new());

fn witnesses() -> MutexGuard<'static, Vec<(runtime::Id, Arc<SeenReports>)>> {
    WITNESSES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sees what failed, was interrupted or lost, from [`begin`](ReportSubscriber::begin) until it is dropped.
#[derive(Default)]
pub(crate) struct ReportSubscriber(Arc<SeenReports>);

#[derive(Default)]
struct SeenReports {
    looks_away: AtomicBool,
    errors: Mutex<Vec<Error>>,
}

impl SeenReports {
    fn errors(&self) -> MutexGuard<'_, Vec<Error>> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReportSubscriber {
    /// From here on it sees what is reported on the current runtime.
    pub(crate) fn begin(&self) {
        static OBSERVING: OnceLock<Observation> = OnceLock::new();
        OBSERVING.get_or_init(|| observe(Level::Warn, tell));
        if let Ok(runtime) = Handle::try_current() {
            witnesses().push((runtime.id(), Arc::clone(&self.0)));
        }
    }

    /// Forgets what it has seen, and sees nothing until it [looks again](ReportSubscriber::look_again).
    pub(crate) fn look_away(&self) {
        self.0.looks_away.store(true, Ordering::Relaxed);
        drop(self.take());
    }

    pub(crate) fn look_again(&self) {
        self.0.looks_away.store(false, Ordering::Relaxed);
    }

    /// What it has seen.
    pub(crate) fn take(&self) -> Vec<Error> {
        std::mem::take(&mut self.0.errors())
    }
}

impl Drop for ReportSubscriber {
    fn drop(&mut self) {
        witnesses().retain(|(_, seen)| !Arc::ptr_eq(seen, &self.0));
    }
}

/// Tells the witnesses of the current runtime.
fn tell(event: &Event<'_>) {
    let Ok(here) = Handle::try_current().map(|handle| handle.id()) else {
        return;
    };
    let is_seeing = |seen: &SeenReports| !seen.looks_away.load(Ordering::Relaxed);
    let seeing: Vec<_> = witnesses()
        .iter()
        .filter(|(runtime, seen)| *runtime == here && is_seeing(seen))
        .map(|(_, seen)| Arc::clone(seen))
        .collect();
    for seen in seeing {
        // Made without a lock: the text of a failure is a user's.
        if let Some(error) = error_of(event) {
            seen.errors().push(error);
        }
    }
}

/// What is worth an error: an exit that failed, or that did not run to its end.
fn error_of(event: &Event<'_>) -> Option<Error> {
    let (kind, reason) = match event.kind() {
        EventKind::Unreturned { error } | EventKind::Missing { error } => return Some(error.again()),
        EventKind::Interrupted { reason } => (ErrorKind::Interrupted, reason),
        EventKind::Lost { reason } => (ErrorKind::Lost, reason),
        _ => return None,
    };
    Some(Error::of(event.subject.clone(), Phase::Exit, kind, reason.into()))
}
