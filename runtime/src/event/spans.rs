//! [`trace_spans`]: each enter and each exit as a span of `tracing`, and what else happens as an event in it.
//!
//! A span is exported when it ends, so there is none for the time between: only operations have one. The code of an enter or exit is
//! polled inside of its span, so what it opens and logs lies in it.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tracing::Span;
use tracing::field::Empty;
use tracing::span::{self, EnteredSpan};

use super::kind::{Event, EventKind, Level};
use super::observers::{Observation, observe};
use super::traced::error_type;
use crate::base::cause::Cause;
use crate::base::entry::Entry;
use crate::base::life::Id;

/// Gives `tracing` a span `lifespan.enter` and a span `lifespan.exit` for each resource, and an event for what else happens to it. For
/// the whole process, from here on; what lives already is not seen. Called again, it goes on as before.
///
/// - A span lies in the one that is current where the enter or exit begins: for a member of a lifespan the enter of the lifespan, for a
///   scope in a request the span of the request. What begins in a task of its own lies in the enter or exit that began it, if that is not
///   over.
/// - An exit that is rescued ([law 3](crate::guide::guarantees#law-3)) is a root, and follows from the span that was current where the
///   resource was entered. If that has ended, most layers drop the link; `lifespan.entered_at` says where it was.
/// - Fields: `lifespan.resource.name`, `lifespan.entered_at`, `lifespan.budget` in seconds, `lifespan.exit.cause`, and on failure
///   `error.type`, `error`, and what OpenTelemetry takes as a span's status.
///
/// ```
/// lifespan::event::trace_spans(); // once, beside the subscriber
/// ```
#[allow(clippy::must_use_candidate, reason = "spans may go on for ever")]
#[track_caller]
pub fn trace_spans() -> Observation {
    static SPANS: OnceLock<Observation> = OnceLock::new();
    let spans = SPANS.get_or_init(|| observe(Level::Trace, tell));
    spans.set_level(Level::Trace);
    IS_ON.store(true, Ordering::Relaxed);
    spans.clone()
}

static IS_ON: AtomicBool = AtomicBool::new(false);

static TRACES: Mutex<BTreeMap<Id, Trace>> = Mutex::new(BTreeMap::new());

/// What is known of something that lives, until it has exited.
struct Trace {
    /// Of its enter or exit, while that runs.
    span: Option<Arc<Span>>,
    /// What was current where it was entered. Not that span itself, which would then stay open.
    entered_in: Option<span::Id>,
    is_rescued: bool,
}

fn traces() -> MutexGuard<'static, BTreeMap<Id, Trace>> {
    TRACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The span of an enter or exit, if one runs. No lock is held when it is used: a subscriber may do as it likes.
fn running(id: Id) -> Option<Arc<Span>> {
    traces().get(&id)?.span.clone()
}

/// In the span of its enter or exit until this is dropped.
pub(crate) fn in_span(entry: &Entry) -> Option<EnteredSpan> {
    if !IS_ON.load(Ordering::Relaxed) {
        return None;
    }
    let life = entry.observed()?.subject.life?;
    Some(Span::clone(&*running(life.id)?).entered())
}

fn tell(event: &Event<'_>) {
    let Some(id) = event.id() else { return };
    match event.kind() {
        EventKind::Entering { budget } => enter(id, event, budget),
        EventKind::Exiting { cause, budget, .. } => exit(id, event, cause, budget),
        EventKind::Entered { .. } => end(id, event),
        EventKind::EnterFailed { .. }
        | EventKind::EnterDropped { .. }
        | EventKind::Exited { .. }
        | EventKind::ExitFailed { .. }
        | EventKind::HandedOn
        | EventKind::WentOn
        | EventKind::Interrupted { .. }
        | EventKind::Lost { .. } => {
            end(id, event);
            let ended = traces().remove(&id);
            drop(ended);
        }
        EventKind::Rescued { .. } => {
            if let Some(trace) = traces().get_mut(&id) {
                trace.is_rescued = true;
            }
        }
        _ => match running(id) {
            Some(span) => span.in_scope(|| say(event)),
            None => say(event),
        },
    }
}

macro_rules! operation {
    ($name:literal, $short:literal, $event:ident, $parent:expr, $budget:expr, $cause:expr) => {
        tracing::debug_span!(
            target: "lifespan",
            parent: $parent,
            $name,
            lifespan.resource.name = $event.name(),
            lifespan.entered_at = %$event.place(),
            lifespan.exit.cause = $cause.map(tracing::field::display),
            lifespan.budget = $budget.map(|budget: Duration| budget.as_secs_f64()),
            otel.name = $event.static_name().map(|name| format!(concat!($short, " {}"), name)),
            otel.status_code = Empty,
            otel.status_description = Empty,
            error.type = Empty,
            error = Empty,
        )
    };
}

fn enter(id: Id, event: &Event<'_>, budget: Option<Duration>) {
    let entered_in = Span::current().id();
    let parent = entered_in.clone().or_else(|| began_by(event));
    let span = operation!("lifespan.enter", "enter", event, parent, budget, None::<Cause>);
    let trace = Trace { span: Some(Arc::new(span)), entered_in, is_rescued: false };
    traces().insert(id, trace);
}

fn exit(id: Id, event: &Event<'_>, cause: Cause, budget: Option<Duration>) {
    let known = traces()
        .get(&id)
        .map(|trace| (trace.entered_in.clone(), trace.is_rescued));
    let Some((entered_in, is_rescued)) = known else { return };
    let parent = Span::current().id().or_else(|| began_by(event)).filter(|_| !is_rescued);
    let span = operation!("lifespan.exit", "exit", event, parent, budget, Some(cause));
    if is_rescued {
        span.follows_from(entered_in);
    }
    if let Some(trace) = traces().get_mut(&id) {
        trace.span = Some(Arc::new(span));
    }
}

/// In a task of its own: what it lives in, if that enters or exits.
fn began_by(event: &Event<'_>) -> Option<span::Id> {
    running(event.parent()?)?.id()
}

/// Its enter or exit is over: the span ends with the poll.
fn end(id: Id, event: &Event<'_>) {
    let span = traces().get_mut(&id).and_then(|trace| trace.span.take());
    let (Some(span), Some(error_type)) = (span, error_type(event)) else {
        return;
    };
    span.record("error.type", error_type);
    span.record("otel.status_code", "ERROR");
    span.record("otel.status_description", event.to_string());
    if let Some(error) = event.error() {
        span.record("error", error as &(dyn StdError + 'static));
    }
}

macro_rules! moment {
    ($level:ident, $name:literal, $message:literal, $event:ident $(, $field:ident = $value:expr)?) => {{
        tracing::$level!(
            name: $name,
            target: "lifespan",
            {
                lifespan.resource.name = $event.name(),
                lifespan.entered_at = %$event.place(),
                $(lifespan.$field = %$value,)?
            },
            $message
        );
    }};
}

/// What is a moment, not an operation. Warnings are [sent](super::traced) by themselves.
#[allow(clippy::semicolon_if_nothing_returned, reason = "rustfmt breaks long arms")]
fn say(event: &Event<'_>) {
    match event.kind() {
        EventKind::Abandoned { cause } => {
            moment!(debug, "lifespan.resource.abandoned", "abandoned", event, reason = cause)
        }
        EventKind::Adopted { .. } => moment!(debug, "lifespan.exit.adopted", "exit adopted", event),
        EventKind::Opened => moment!(debug, "lifespan.scope.opened", "cancel scope begins", event),
        EventKind::Closed { .. } => moment!(debug, "lifespan.scope.closed", "cancel scope ended", event),
        EventKind::Dropped { .. } => moment!(debug, "lifespan.scope.dropped", "cancel scope dropped", event),
        EventKind::Cancelled { cancellation: by } => {
            moment!(debug, "lifespan.scope.cancelled", "cancelled", event, reason = by)
        }
        EventKind::Unwound { cancellation: by, .. } => {
            moment!(debug, "lifespan.scope.unwound", "unwound", event, reason = by)
        }
        EventKind::StopRequested => moment!(info, "lifespan.service.stop_requested", "stop requested", event),
        #[cfg(feature = "signal")]
        EventKind::Run { state: now } => moment!(info, "lifespan.run.state", "run", event, state = now),
        EventKind::Progress { text } => moment!(trace, "lifespan.exit.progress", "progress", event, progress = text),
        // A warning, or what has a span.
        _ => {}
    }
}
