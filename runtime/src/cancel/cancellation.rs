//! [`Cancellation`]: why a region was cancelled, by whom, and where; [`Cancelled`]: the error of a cancel scope.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, OnceLock};
use std::thread;

use tokio::task;

use crate::base::cause::Cause;
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::cancel::death::Death;

/// Why a cancel scope was cancelled: the first reason there was, with the task that gave it and the place ([law 15]).
///
/// Cheap to clone. As an error it is the [primary](crate::Error::primary) of what a cancelled scope returns.
///
/// ```
/// use lifespan::CancelScope;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let scope = CancelScope::new();
/// scope.canceller().cancel_because("the user pressed stop");
/// let outcome = scope.run(std::future::pending::<()>()).await;
/// let cancellation = outcome.cancellation().unwrap();
/// assert_eq!(cancellation.reason(), Some("the user pressed stop"));
/// # }
/// ```
///
/// [law 15]: crate::guide::guarantees#law-15
#[derive(Clone)]
pub struct Cancellation(Arc<CancellationInner>);

struct CancellationInner {
    kind: CancelKind,
    place: &'static Location<'static>,
    /// Made when it is first asked for.
    text: OnceLock<String>,
}

/// What cancelled it; the place belongs to that.
#[derive(Clone, Debug)]
pub(crate) enum CancelKind {
    /// A canceller, called there.
    Asked { reason: Option<Cow<'static, str>>, by: String },
    /// The deadline of a cancel scope that was made there.
    Deadline(Subject),
    /// The budget of a resource that was entered there.
    Budget(Subject, Phase),
    /// Another member of what was entered there failed.
    RolledBack,
    /// Another branch of the race made there was first.
    LostRace,
    /// What `until`, called there, waits for.
    Stop,
    /// A signal to the process, whose `run` was called there.
    #[cfg(feature = "signal")]
    Signal(&'static str),
    /// A resource that was entered there died while others used it: a service, or what holds one, or an owner.
    Died(Subject, Death),
    /// Its owner was closed there.
    Closed { by: String },
    /// The last handle was dropped of the owner that was entered there.
    HandlesGone,
    /// What was run before it by the same owner, which was entered there, has panicked.
    Panicked(String),
    /// Nobody waits any more for the call made there.
    CallerGone,
    /// A child of a task group, spawned there, failed.
    Child(Death),
    /// A token from which the cancel scope was made there.
    #[cfg(feature = "tokio-util")]
    Token,
}

impl Cancellation {
    pub(crate) fn new(kind: CancelKind, place: &'static Location<'static>) -> Self {
        Cancellation(Arc::new(CancellationInner { kind, place, text: OnceLock::new() }))
    }

    /// By the caller, whoever that is.
    pub(crate) fn asked(reason: Option<Cow<'static, str>>, place: &'static Location<'static>) -> Self {
        let by = whoever_calls();
        Cancellation::new(CancelKind::Asked { reason, by }, place)
    }

    /// Of what an owner runs, which is closed by the caller.
    pub(crate) fn closed(place: &'static Location<'static>) -> Self {
        let by = whoever_calls();
        Cancellation::new(CancelKind::Closed { by }, place)
    }

    /// The text that was given with it; of a signal, its name.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match &self.0.kind {
            CancelKind::Asked { reason, .. } => reason.as_deref(),
            #[cfg(feature = "signal")]
            CancelKind::Signal(name) => Some(name),
            _ => None,
        }
    }

    /// The task that asked for it: "task 7", or "the root on ThreadId(1)". `None` if it was not asked for: a deadline passed, say.
    #[must_use]
    pub fn requested_by(&self) -> Option<&str> {
        match &self.0.kind {
            CancelKind::Asked { by, .. } | CancelKind::Closed { by } => Some(by),
            _ => None,
        }
    }

    /// Where it comes from: the call that cancelled, or, for a deadline, the call that made the cancel scope.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.0.place
    }

    /// Whether a deadline or a budget ran out; else it was asked for.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, CancelKind::Deadline(_) | CancelKind::Budget(..))
    }

    /// Whether a budget ran out, of something around that enters or exits.
    pub(crate) fn is_budget(&self) -> bool {
        matches!(self.0.kind, CancelKind::Budget(..))
    }

    /// Whether it was an owner that was closed.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.0.kind, CancelKind::Closed { .. } | CancelKind::HandlesGone)
    }

    pub(crate) fn is_roll_back(&self) -> bool {
        matches!(self.0.kind, CancelKind::RolledBack)
    }

    /// Whether it is the consequence of another failure, which says more.
    pub(crate) fn is_consequence(&self) -> bool {
        matches!(
            self.0.kind,
            CancelKind::RolledBack | CancelKind::Died(..) | CancelKind::Child(_)
        )
    }

    /// Whether this is the very same one.
    pub(crate) fn is(&self, other: &Cancellation) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What it tells of that died, if it does (law 21).
    pub(crate) fn death(&self) -> Option<(Option<&Subject>, &Death)> {
        match &self.0.kind {
            CancelKind::Died(subject, death) => Some((Some(subject), death)),
            // It names the child.
            CancelKind::Child(death) => Some((None, death)),
            _ => None,
        }
    }

    /// What it displays, made once for all who ask.
    pub(crate) fn text(&self) -> &str {
        self.0.text.get_or_init(|| self.to_string())
    }

    /// What the exits that it causes are told.
    pub(crate) fn cause(&self) -> Cause {
        match self.0.kind {
            CancelKind::Deadline(_) | CancelKind::Budget(..) => Cause::TimedOut,
            CancelKind::Died(..) | CancelKind::Child(_) => Cause::Failed,
            CancelKind::Panicked(_) => Cause::Panicked,
            _ => Cause::Cancelled,
        }
    }
}

fn whoever_calls() -> String {
    match task::try_id() {
        Some(task) => format!("task {task}"),
        None => format!("the root on {:?}", thread::current().id()),
    }
}

impl fmt::Display for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.0.place;
        match &self.0.kind {
            CancelKind::Asked { reason, by } => {
                if let Some(reason) = reason {
                    write!(f, "{reason}, ")?;
                }
                write!(f, "cancelled by {by} at {place}")
            }
            CancelKind::Deadline(scope) => {
                let name = scope.name.as_str();
                write!(f, "the deadline of the `{name}` at {place} passed")
            }
            CancelKind::Budget(resource, phase) => {
                let name = resource.name.as_str();
                write!(f, "the time for `{name}` to {phase} ran out")
            }
            CancelKind::RolledBack => write!(f, "another member of the group at {place} did not enter"),
            CancelKind::LostRace => write!(f, "another branch of the `race` at {place} was first"),
            CancelKind::Stop => write!(f, "the `until` at {place} was stopped"),
            #[cfg(feature = "signal")]
            CancelKind::Signal(name) => write!(f, "{name} stopped the `run` at {place}"),
            CancelKind::Died(resource, death) => {
                write!(f, "resource `{}` died: {death}", resource.name.as_str())
            }
            CancelKind::Closed { by } => write!(f, "its owner was closed by {by} at {place}"),
            CancelKind::HandlesGone => write!(f, "the last handle of its owner was dropped"),
            CancelKind::Panicked(text) => write!(f, "{text}"),
            CancelKind::CallerGone => write!(f, "nobody waits any more for the call at {place}"),
            CancelKind::Child(death) => write!(f, "{death}"),
            #[cfg(feature = "tokio-util")]
            CancelKind::Token => write!(f, "the token of the cancel scope at {place} was cancelled"),
        }
    }
}

impl fmt::Debug for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancellation")
            .field("kind", &self.0.kind)
            .field("place", &format_args!("{}", self.0.place))
            .finish()
    }
}

impl StdError for Cancellation {}

/// The very same one.
impl PartialEq for Cancellation {
    fn eq(&self, other: &Cancellation) -> bool {
        self.is(other)
    }
}

impl Eq for Cancellation {}

/// Whose cancellation ended a cancel scope, as that scope sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelledBy {
    /// Its own: by its canceller, by its token, or because the future that `until` waits for has completed.
    ThisScope,
    /// Its own deadline.
    Deadline,
    /// Something around it: an outer cancel scope, or a budget.
    Outer,
}

/// The error of a cancel scope whose body was cancelled. Everything inside has exited by then.
///
/// It converts into [`lifespan::Error`](crate::Error), so that a `?` in the body of a scope works. In an `anyhow::Error` it stays
/// what it is: look for both types there, or convert it first.
#[derive(Clone)]
pub struct Cancelled {
    pub(crate) cancellation: Cancellation,
    pub(crate) by: CancelledBy,
    pub(crate) subject: Subject,
}

impl Cancelled {
    /// Why it was cancelled, by which task, and where.
    #[must_use]
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// Whether that was this scope's own cancellation or deadline, or one from around it.
    #[must_use]
    pub fn by(&self) -> CancelledBy {
        self.by
    }

    /// Whether a deadline or a budget ran out, that of this scope or of one around it.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.cancellation.is_timeout()
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cancelled { cancellation, subject, .. } = self;
        // What comes from the scope itself, a deadline, say, names it already.
        if cancellation.place() == subject.place {
            return write!(f, "{cancellation}");
        }
        let name = subject.name.as_str();
        write!(f, "the `{name}` at {} was cancelled: {cancellation}", subject.place)
    }
}

/// What a `main` that returns it prints.
impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Cancelled {}
