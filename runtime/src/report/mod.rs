//! The report hook: where failures go that no return value can carry (laws 3, 4, 6, 23).

use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use crate::base::entry::Subject;
use crate::error::Error;

pub(crate) mod failures;
#[cfg(feature = "signal")]
mod subscriber;
#[cfg(feature = "tracing")]
mod traced;
pub(crate) mod undelivered;
#[cfg(feature = "signal")]
pub(crate) use subscriber::ReportSubscriber;

/// What a [`Report`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportKind {
    /// An exit failed, and what is being returned cannot carry its error.
    Failed,
    /// A scope or guard was dropped from outside; its exit now runs in a task of its own (law 3).
    Rescued,
    /// An exit was dropped before it had finished (law 6).
    Interrupted,
    /// An exit could not be run: no runtime is left, or the resource is local and was dropped (laws 3 and 4).
    Lost,
    /// A runtime has no time driver, so budgets are not kept on it.
    NoTimer,
    /// An optional member of a lifespan failed to enter; the others go on without it.
    Missing,
    /// A value asked for a longer budget than the member of a lifespan that it is has; it gets that of the member.
    Capped,
    /// A service that was not ready yet, or is ended by cancelling it, did not stop in its time when it was asked to, and was cancelled.
    /// That of another is the failure of its exit.
    Cancelled,
    /// A guard or an owner was told that all went well, in the exit of a resource that was told otherwise: what it is a part of, as
    /// far as can be seen. Only in builds with [checks](crate::checks_enabled).
    CauseLost,
    /// A scope inside of a cancelled body was live but no longer polled; after the grace the body was dropped (law 13).
    NotPolled,
}

/// Something that happened to a resource and that no return value can carry.
///
/// `Display` is one sentence with the resource, the place it was entered at, and the reason.
pub struct Report<'a> {
    kind: ReportKind,
    resource: &'a str,
    place: &'static Location<'static>,
    error: Option<&'a Error>,
    reason: &'static str,
}

impl<'a> Report<'a> {
    pub(crate) fn failed(error: &'a Error) -> Self {
        let (resource, place) = (error.resource(), error.place());
        Report {
            kind: ReportKind::Failed,
            resource,
            place,
            error: Some(error),
            reason: "",
        }
    }

    /// An optional member that failed to enter.
    pub(crate) fn missing(error: &'a Error) -> Self {
        Report {
            kind: ReportKind::Missing,
            ..Report::failed(error)
        }
    }

    pub(crate) fn about(kind: ReportKind, subject: &'a Subject, reason: &'static str) -> Self {
        Report {
            kind,
            resource: subject.name.as_str(),
            place: subject.place,
            error: None,
            reason,
        }
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> ReportKind {
        self.kind
    }

    /// The name of the resource.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.resource
    }

    /// Where the resource was entered.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// The error of a failed exit.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.error
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            resource,
            place,
            reason,
            ..
        } = self;
        match (self.kind, self.error) {
            (ReportKind::Missing, Some(error)) => write!(
                f,
                "optional member `{resource}` is missing, and the others go on without it: {error} (entered at {place})"
            ),
            (_, Some(error)) => write!(f, "{error} (entered at {place})"),
            (ReportKind::Rescued, _) => write!(
                f,
                "exit of `{resource}` rescued in a task of its own: {reason} (entered at {place})"
            ),
            (ReportKind::Interrupted, _) => {
                write!(f, "exit of `{resource}` interrupted: {reason} (entered at {place})")
            }
            (ReportKind::Lost, _) => write!(f, "exit of `{resource}` lost: {reason} (entered at {place})"),
            (ReportKind::Capped, _) => write!(
                f,
                "`{resource}` has less time than it asks for: {reason} (entered at {place})"
            ),
            (ReportKind::Cancelled, _) => {
                write!(f, "service `{resource}` was cancelled: {reason} (entered at {place})")
            }
            (ReportKind::CauseLost, _) => write!(
                f,
                "`{resource}` exits as completed, inside of an exit that does not: {reason} (entered at {place})"
            ),
            (ReportKind::NotPolled, _) => {
                write!(f, "scope of `{resource}` did not unwind: {reason} (entered at {place})")
            }
            _ => write!(f, "`{resource}` has no bound: {reason} (entered at {place})"),
        }
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("kind", &self.kind)
            .field("resource", &self.resource)
            .field("place", &format_args!("{}", self.place))
            .field("error", &self.error)
            .field("reason", &self.reason)
            .finish()
    }
}

/// A function that takes reports.
pub type ReportHook = Arc<dyn Fn(&Report<'_>) + Send + Sync + 'static>;

static HOOK: RwLock<Option<ReportHook>> = RwLock::new(None);

/// Sets the function that all reports of this process go to, and returns the one it replaces.
///
/// Without a hook, reports go to `tracing` if that feature is on and a subscriber is there, which may drop them; else to standard
/// error. The hook may be called from any thread, also inside of a `Drop` and while a thread is panicking; it is never called with a lock
/// of this crate held, and its own panics are caught.
///
/// ```
/// use std::sync::mpsc;
///
/// let (reports, seen) = mpsc::channel();
/// let old = lifespan::set_report_hook(move |report| { let _ = reports.send(report.to_string()); });
/// assert!(old.is_none());
/// # drop(seen);
/// ```
pub fn set_report_hook(hook: impl Fn(&Report<'_>) + Send + Sync + 'static) -> Option<ReportHook> {
    replace(Some(Arc::new(hook)))
}

/// Removes the hook, so that reports go where they go by default, and returns it.
#[allow(
    clippy::must_use_candidate,
    reason = "removing it is the point; the old one may be dropped"
)]
pub fn take_report_hook() -> Option<ReportHook> {
    replace(None)
}

fn replace(hook: Option<ReportHook>) -> Option<ReportHook> {
    let mut current = HOOK.write().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *current, hook)
}

#[cold]
pub(crate) fn send(report: &Report<'_>) {
    let hook = HOOK.read().unwrap_or_else(PoisonError::into_inner).clone();
    // A panicking hook or a panicking `Display` of a user's error must not turn a drop into an abort.
    let _ = catch_unwind(AssertUnwindSafe(|| match hook {
        Some(hook) => hook(report),
        None => by_default(report),
    }));
    #[cfg(feature = "signal")]
    let _ = catch_unwind(AssertUnwindSafe(|| subscriber::tell(report)));
}

fn by_default(report: &Report<'_>) {
    #[cfg(feature = "tracing")]
    {
        // Also where nobody takes it: `tracing` may hand it on to `log`.
        traced::send(report);
        if !traced::is_untraced() {
            return;
        }
    }
    print(report);
}

fn print(report: &Report<'_>) {
    use std::io::Write;
    // Not `eprintln!`, which panics when standard error is closed.
    let _ = match report.error.filter(|_| report.kind != ReportKind::Missing) {
        Some(error) => writeln!(std::io::stderr(), "lifespan: {error:?}"),
        None => writeln!(std::io::stderr(), "lifespan: {report}"),
    };
}
