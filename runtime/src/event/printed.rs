//! Warnings go to `tracing` if that feature is on and a subscriber is there, which may drop them; else to standard error.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use super::kind::{Event, EventKind};
#[cfg(feature = "tracing")]
use super::traced;

static IS_MUTE: AtomicBool = AtomicBool::new(false);

/// Whether events of the level [`Warn`](super::Level::Warn) and above go to `tracing` or to standard error, as they do
/// unless this says otherwise. For a program that [observes](super::observe) them and writes its own.
///
/// They go to `tracing` if that feature is on and a subscriber is there; else to standard error.
pub fn print_warnings(is_on: bool) {
    IS_MUTE.store(!is_on, Ordering::Relaxed);
}

pub(super) fn print(event: &Event<'_>) {
    if !IS_MUTE.load(Ordering::Relaxed) {
        // A panicking `Display` of a user's error must not turn a drop into an abort.
        let _ = catch_unwind(AssertUnwindSafe(|| print_somewhere(event)));
    }
}

fn print_somewhere(event: &Event<'_>) {
    #[cfg(feature = "tracing")]
    {
        // Also where nobody takes it: `tracing` may hand it on to `log`.
        traced::send(event);
        if traced::is_traced() {
            return;
        }
    }
    // Not `eprintln!`, which panics when standard error is closed.
    let _ = match event.kind() {
        EventKind::Unreturned { error } => writeln!(std::io::stderr(), "lifespan: {error:?}"),
        _ => writeln!(std::io::stderr(), "lifespan: {event}"),
    };
}
