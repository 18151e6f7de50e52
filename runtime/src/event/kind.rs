//! [`Event`]: what happened to something that lives; [`EventKind`] is what, [`Level`] how much it matters.

#[cfg(feature = "tracing")]
use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use tokio::task;
use tokio::time::Instant;

use crate::base::cause::Cause;
use crate::base::entry::Subject;
use crate::base::life::Id;
#[cfg(feature = "tracing")]
use crate::base::policy::Name;
#[cfg(feature = "signal")]
use crate::base::run_state::RunState;
use crate::cancel::cancellation::Cancellation;
use crate::error::Error;

/// How much an event matters. An observer sees those of its level and above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// A failure, or an exit that did not run to its end, that no return value can carry.
    Error = 1,
    /// Something went wrong that no return value can carry.
    Warn = 2,
    /// How each resource and each cancel scope lives.
    Debug = 3,
    /// How far an enter or an exit has come.
    Trace = 4,
}

/// Something that happened. It lives for the call of an observer.
///
/// `Display` is one sentence with the resource, the place it was entered at, and the reason.
pub struct Event<'a> {
    pub(super) seq: u64,
    pub(super) at: Instant,
    pub(super) task: Option<task::Id>,
    pub(super) subject: &'a Subject,
    pub(super) kind: EventKind<'a>,
}

/// What happened.
///
/// More kinds are added without notice, so an observer needs an arm for all others.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[allow(missing_docs, reason = "of the fields: a failure, or a text that says why")]
pub enum EventKind<'a> {
    /// A resource begins to enter, within this budget.
    #[non_exhaustive]
    Entering { budget: Option<Duration> },
    /// It has entered.
    #[non_exhaustive]
    Entered { took: Duration },
    /// It has not entered: its enter failed, panicked, ran out of time, or was cancelled.
    #[non_exhaustive]
    EnterFailed { took: Duration, error: &'a Error },
    /// It has not entered: its enter was dropped.
    #[non_exhaustive]
    EnterDropped { took: Duration },
    /// Its exit begins: why, with the text of what ended its body, and within which budget.
    #[non_exhaustive]
    Exiting { cause: Cause, error: Option<&'a str>, budget: Option<Duration> },
    /// It has exited.
    #[non_exhaustive]
    Exited { took: Duration },
    /// It has exited, and that failed. The error is the first of what did; it is returned, or else
    /// [reported](EventKind::Unreturned).
    #[non_exhaustive]
    ExitFailed { took: Duration, error: &'a Error },
    /// It has entered, and from here on its exit is a part of another life's: an owner that was given away.
    HandedOn,
    /// A cancel scope begins: that of a `timeout`, a `race`, a `shield` as well.
    Opened,
    /// It has ended by itself.
    #[non_exhaustive]
    Closed { took: Duration },
    /// It was cancelled, and its body has unwound.
    #[non_exhaustive]
    Unwound { took: Duration, cancellation: &'a Cancellation },
    /// It was dropped before it had ended.
    #[non_exhaustive]
    Dropped { took: Duration },
    /// It was cancelled, for this reason; the first is kept. Not said of those inside of it, which are cancelled with it.
    #[non_exhaustive]
    Cancelled { cancellation: &'a Cancellation },
    /// A service is asked to stop.
    StopRequested,
    /// Its exit was dropped; what it is made of exits elsewhere.
    WentOn,
    /// It was dropped without its exit, so that it exits for this cause: adopted, rescued or lost, or else what it is made of is
    /// ([law 3]).
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    #[non_exhaustive]
    Abandoned { cause: Cause },
    /// Its exit was adopted: by which scope, if that is known.
    #[non_exhaustive]
    Adopted { by: Option<Id> },
    /// An enter, an exit or a service says how far it has come.
    #[non_exhaustive]
    Progress { text: &'a str },
    /// A run has reached this state. What it runs has the run as its parent.
    #[cfg(feature = "signal")]
    #[non_exhaustive]
    Run { state: RunState },
    /// Something failed, and what is being returned cannot carry the error ([laws 3][law 3], [4][law 4], [23][law 23]).
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    /// [law 4]: crate::guide::guarantees#law-4
    /// [law 23]: crate::guide::guarantees#law-23
    #[non_exhaustive]
    Unreturned { error: &'a Error },
    /// A scope or guard was dropped from outside; its exit now runs in a task of its own ([law 3]).
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    #[non_exhaustive]
    Rescued { reason: &'a str },
    /// An exit was dropped before it had finished ([law 6]).
    ///
    /// [law 6]: crate::guide::guarantees#law-6
    #[non_exhaustive]
    Interrupted { reason: &'a str },
    /// An exit could not be run: no runtime is left, or the resource is local and was dropped ([laws 3][law 3] and [4][law 4]).
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    /// [law 4]: crate::guide::guarantees#law-4
    #[non_exhaustive]
    Lost { reason: &'a str },
    /// A runtime has no time driver, so budgets are not kept on it.
    #[non_exhaustive]
    NoTimer { reason: &'a str },
    /// An optional member of a lifespan failed to enter; the others go on without it.
    #[non_exhaustive]
    Missing { error: &'a Error },
    /// An attempt to enter, or a run of a service, failed; the first has the number 1. The next begins after this time. The error is
    /// dropped.
    #[non_exhaustive]
    Retrying { attempt: u32, error: &'a Error, after: Duration },
    /// A value asked for a longer budget than the member of a lifespan that it is has; it gets that of the member.
    #[non_exhaustive]
    Capped { reason: &'a str },
    /// A service that was not ready yet, or is ended by cancelling it, did not stop in its time when it was asked to, and was
    /// cancelled. That of another is the failure of its exit.
    #[non_exhaustive]
    ServiceCancelled { reason: &'a str },
    /// A guard or an owner was ended as completed, in the exit of a resource with another cause: the whole that it is a part
    /// of, as far as can be seen. Only in builds with [checks](crate::checks_enabled).
    #[non_exhaustive]
    CauseLost { reason: &'a str },
    /// A scope inside of a cancelled body was live but no longer polled; after the grace the body was dropped ([law 13]).
    ///
    /// [law 13]: crate::guide::guarantees#law-13
    #[non_exhaustive]
    NotPolled { reason: &'a str },
    /// An observer panicked, and sees nothing from here on. The place is that of the call that began it.
    #[non_exhaustive]
    ObserverPanicked { text: &'a str },
}

impl<'a> EventKind<'a> {
    /// How much it matters.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            EventKind::Unreturned { .. }
            | EventKind::Interrupted { .. }
            | EventKind::Lost { .. }
            | EventKind::ObserverPanicked { .. } => Level::Error,
            EventKind::Rescued { .. }
            | EventKind::NoTimer { .. }
            | EventKind::Missing { .. }
            | EventKind::Retrying { .. }
            | EventKind::Capped { .. }
            | EventKind::ServiceCancelled { .. }
            | EventKind::CauseLost { .. }
            | EventKind::NotPolled { .. } => Level::Warn,
            EventKind::Entering { .. }
            | EventKind::Entered { .. }
            | EventKind::EnterFailed { .. }
            | EventKind::EnterDropped { .. }
            | EventKind::Exiting { .. }
            | EventKind::Exited { .. }
            | EventKind::ExitFailed { .. }
            | EventKind::WentOn
            | EventKind::HandedOn
            | EventKind::Opened
            | EventKind::Closed { .. }
            | EventKind::Unwound { .. }
            | EventKind::Dropped { .. }
            | EventKind::Cancelled { .. }
            | EventKind::StopRequested
            | EventKind::Abandoned { .. }
            | EventKind::Adopted { .. } => Level::Debug,
            #[cfg(feature = "signal")]
            EventKind::Run { .. } => Level::Debug,
            EventKind::Progress { .. } => Level::Trace,
        }
    }

    /// Its error, if it has one.
    #[must_use]
    pub fn error(&self) -> Option<&'a Error> {
        match *self {
            EventKind::Unreturned { error }
            | EventKind::Missing { error }
            | EventKind::Retrying { error, .. }
            | EventKind::EnterFailed { error, .. }
            | EventKind::ExitFailed { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl<'a> Event<'a> {
    /// Its number. Numbers are given as things happen; events of several threads may arrive in another order.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// When it happened, by tokio's clock.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The number of what it happened to. Unknown if that began while nothing observed events.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        Some(self.subject.life?.id)
    }

    /// The number of what that lives in.
    #[must_use]
    pub fn parent(&self) -> Option<Id> {
        self.subject.life?.parent
    }

    /// The task in which it happened.
    #[must_use]
    pub fn task(&self) -> Option<task::Id> {
        self.task
    }

    /// The name of the resource; of a member, that of its field. What it is a part of is its [`parent`](Event::parent).
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.subject.name.as_str()
    }

    /// Its name if that is written in the program, so that there are few of them; not that of a key.
    #[cfg(feature = "tracing")]
    pub(super) fn static_name(&self) -> Option<&'a str> {
        match &self.subject.name {
            Name::Given(Cow::Owned(_)) => None,
            name => Some(name.as_str()),
        }
    }

    /// Where the resource was entered.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.subject.place
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> EventKind<'a> {
        self.kind
    }

    /// How much it matters.
    #[must_use]
    pub fn level(&self) -> Level {
        self.kind.level()
    }

    /// The error of what failed.
    #[must_use]
    pub fn error(&self) -> Option<&'a Error> {
        self.kind.error()
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, place) = (self.name(), self.place());
        match self.kind {
            EventKind::Entering { .. } => write!(f, "`{name}` enters"),
            EventKind::Entered { took } => write!(f, "`{name}` entered in {took:.1?}"),
            EventKind::EnterDropped { took } => write!(f, "enter of `{name}` dropped after {took:.1?}"),
            EventKind::Exiting { cause, error: None, .. } => write!(f, "`{name}` exits: {cause}"),
            EventKind::Exiting { cause, error: Some(error), .. } => write!(f, "`{name}` exits: {cause} ({error})"),
            EventKind::Exited { took } => write!(f, "`{name}` exited in {took:.1?}"),
            EventKind::WentOn => write!(f, "exit of `{name}` dropped: what it is made of exits elsewhere"),
            EventKind::Abandoned { cause } => write!(f, "`{name}` dropped without its exit: {cause}"),
            EventKind::HandedOn => write!(f, "`{name}` is a part of something else from here on"),
            EventKind::Opened => write!(f, "`{name}` begins"),
            EventKind::Closed { took } => write!(f, "`{name}` ended after {took:.1?}"),
            EventKind::Unwound { took, cancellation } => write!(f, "`{name}` unwound after {took:.1?}: {cancellation}"),
            EventKind::Dropped { took } => write!(f, "`{name}` dropped after {took:.1?}"),
            EventKind::Cancelled { cancellation } => write!(f, "`{name}` is cancelled: {cancellation}"),
            EventKind::StopRequested => write!(f, "`{name}` is asked to stop"),
            EventKind::Progress { text } => write!(f, "`{name}`: {text}"),
            EventKind::Adopted { .. } => write!(f, "exit of `{name}` adopted"),
            #[cfg(feature = "signal")]
            EventKind::Run { state } => write!(f, "run of `{name}`: {state}"),
            EventKind::Unreturned { error }
            | EventKind::EnterFailed { error, .. }
            | EventKind::ExitFailed { error, .. } => write!(f, "{error}"),
            EventKind::Missing { error } => write!(
                f,
                "optional member `{name}` is missing, and the others go on without it: {error}"
            ),
            EventKind::Retrying { attempt, error, after } => {
                write!(f, "{error}; attempt {attempt}, the next one begins in {after:.1?}")
            }
            EventKind::Rescued { reason } => write!(f, "exit of `{name}` rescued in a task of its own: {reason}"),
            EventKind::Interrupted { reason } => write!(f, "exit of `{name}` interrupted: {reason}"),
            EventKind::Lost { reason } => write!(f, "exit of `{name}` lost: {reason}"),
            EventKind::NoTimer { reason } => write!(f, "`{name}` has no bound: {reason}"),
            EventKind::Capped { reason } => write!(f, "`{name}` has less time than it asks for: {reason}"),
            EventKind::ServiceCancelled { reason } => write!(f, "service `{name}` was cancelled: {reason}"),
            EventKind::CauseLost { reason } => write!(
                f,
                "`{name}` exits as completed, inside of an exit that does not: {reason}"
            ),
            EventKind::NotPolled { reason } => write!(f, "scope of `{name}` did not unwind: {reason}"),
            EventKind::ObserverPanicked { text } => {
                return write!(
                    f,
                    "an observer panicked, and sees no more events: {text} (observing since {place})"
                );
            }
        }?;
        write!(f, " (entered at {place})")
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("seq", &self.seq)
            .field("id", &self.id().map(Id::get))
            .field("parent", &self.parent().map(Id::get))
            .field("name", &self.name())
            .field("place", &format_args!("{}", self.place()))
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
