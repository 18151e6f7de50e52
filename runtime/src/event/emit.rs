//! [`emit`]: an event is made, and delivered to all who observe it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task;
use tokio::time::Instant;

use super::kind::{Event, EventKind, Level};
use super::{observers, printed};
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::panic_text;
use crate::error::{BoxError, Error};

/// The number of the last event.
static LAST: AtomicU64 = AtomicU64::new(0);

/// Something happened to it.
#[cold]
pub(crate) fn emit(subject: &Subject, kind: EventKind<'_>) {
    if kind.level() > Level::Warn && !observers::wants(kind.level()) {
        return;
    }
    let event = Event {
        seq: LAST.fetch_add(1, Ordering::Relaxed) + 1,
        at: Instant::now(),
        task: task::try_id(),
        subject,
        kind,
    };
    let gone = observers::call(&event);
    if event.level() <= Level::Warn {
        printed::print(&event);
    }
    for (observer, panic) in gone {
        let text = panic_text(&panic);
        emit(&observer, EventKind::ObserverPanicked { text });
    }
}

/// An optional member failed to enter.
#[cold]
pub(crate) fn missing(error: &Error) {
    emit(error.subject(), EventKind::Missing { error });
}

/// An enter, or a service that had entered, failed, and is tried again.
#[cold]
pub(crate) fn retrying(subject: &Subject, phase: Phase, attempt: u32, failed: BoxError, after: Duration) {
    let error = &Error::failed(subject, phase, failed);
    emit(subject, EventKind::Retrying { attempt, error, after });
}

/// No return value can carry this error.
#[cold]
pub(crate) fn unreturned(error: &Error) {
    emit(error.subject(), EventKind::Unreturned { error });
}
