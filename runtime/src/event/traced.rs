//! A warning as an event of `tracing`. Each kind has a call site of its own, with a name and a constant message, by which logs are
//! searched and counted; what differs is in the fields. The error is one as an error, so that layers see its chain.

use std::error::Error as StdError;

use tracing::subscriber::NoSubscriber;

use super::kind::{Event, EventKind};
use crate::base::cause::Phase;
use crate::error::ErrorKind;

/// Whether anybody here takes an event. Nobody does if no subscriber was set, or only those of other threads.
pub(crate) fn is_traced() -> bool {
    !tracing::dispatcher::get_default(tracing::Dispatch::is::<NoSubscriber>)
}

/// A line of a commentary.
#[cfg(feature = "signal")]
pub(crate) fn line(line: &str) {
    tracing::info!(name: "lifespan.run.said", target: "lifespan", { lifespan.line = line }, "run");
}

macro_rules! event {
    ($level:ident, $name:literal, $message:literal, $event:ident) => {
        tracing::$level!(
            name: $name,
            target: "lifespan",
            {
                lifespan.resource.name = $event.name(),
                lifespan.entered_at = %$event.place(),
                lifespan.reason = reason($event),
                error.type = error_type($event),
                error = error($event),
            },
            $message
        )
    };
}

pub(super) fn send(event: &Event<'_>) {
    match event.kind() {
        EventKind::Unreturned { error } => match error.phase() {
            Phase::Enter => event!(error, "lifespan.enter.failed", "enter failed", event),
            Phase::Body => event!(error, "lifespan.body.failed", "body failed", event),
            Phase::Exit => event!(error, "lifespan.exit.failed", "exit failed", event),
        },
        EventKind::Rescued { .. } => event!(warn, "lifespan.exit.rescued", "exit rescued", event),
        EventKind::Interrupted { .. } => event!(error, "lifespan.exit.interrupted", "exit interrupted", event),
        EventKind::Lost { .. } => event!(error, "lifespan.exit.lost", "exit lost", event),
        EventKind::NoTimer { .. } => event!(warn, "lifespan.budget.not_kept", "budget not kept", event),
        EventKind::Missing { .. } => event!(warn, "lifespan.member.missing", "optional member missing", event),
        EventKind::Retrying { .. } => event!(warn, "lifespan.resource.retrying", "tried again", event),
        EventKind::Capped { .. } => event!(warn, "lifespan.budget.capped", "budget capped", event),
        EventKind::ServiceCancelled { .. } => event!(warn, "lifespan.service.cancelled", "service cancelled", event),
        EventKind::CauseLost { .. } => event!(warn, "lifespan.exit.cause_lost", "cause lost", event),
        EventKind::NotPolled { .. } => event!(warn, "lifespan.scope.not_polled", "scope not polled", event),
        EventKind::ObserverPanicked { .. } => event!(error, "lifespan.observer.panicked", "observer panicked", event),
        // Only warnings come here.
        _ => {}
    }
}

fn reason<'a>(event: &Event<'a>) -> Option<&'a str> {
    match event.kind() {
        EventKind::Rescued { reason }
        | EventKind::Interrupted { reason }
        | EventKind::Lost { reason }
        | EventKind::NoTimer { reason }
        | EventKind::Capped { reason }
        | EventKind::ServiceCancelled { reason }
        | EventKind::CauseLost { reason }
        | EventKind::NotPolled { reason } => Some(reason),
        EventKind::ObserverPanicked { text } => Some(text),
        _ => None,
    }
}

fn error<'a>(event: &Event<'a>) -> Option<&'a (dyn StdError + 'static)> {
    event.error().map(|error| error as _)
}

/// A word for each way to fail, by which they can be counted.
pub(super) fn error_type(event: &Event<'_>) -> Option<&'static str> {
    let kind = match event.kind() {
        EventKind::Unreturned { error }
        | EventKind::Missing { error }
        | EventKind::Retrying { error, .. }
        | EventKind::EnterFailed { error, .. }
        | EventKind::ExitFailed { error, .. } => error.kind(),
        EventKind::EnterDropped { .. } => return Some("dropped"),
        EventKind::Interrupted { .. } => ErrorKind::Interrupted,
        EventKind::Lost { .. } => ErrorKind::Lost,
        _ => return None,
    };
    Some(match kind {
        ErrorKind::Failed => "failed",
        ErrorKind::Panicked => "panicked",
        ErrorKind::TimedOut | ErrorKind::DeadlinePassed => "timeout",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::NoTimer => "no_timer",
        ErrorKind::Interrupted => "interrupted",
        ErrorKind::Lost => "lost",
        ErrorKind::Closed => "closed",
        ErrorKind::Deadlock => "deadlock",
    })
}
