//! [`Error`]: what a scope fails with. It names the resource, the phase and the place, keeps the original error, and
//! carries every other failure that happened on the way out (law 23).

//!
//! [`kind`] says what happened, [`primary`] is the original error, [`attached`] what failed beside it, [`text`] what is said of all of it;
//! [`overrun`] and [`task_error`] are original errors of our own, [`rejected`] gives back what came too late.

use std::error::Error as StdError;
use std::panic::Location;

use crate::base::cause::Phase;
use crate::base::entry::{Entry, Subject};
use crate::cancel::cancellation::{Cancellation, Cancelled};

mod attached;
pub(crate) mod chain;
mod convert_errors;
mod kind;
pub(crate) mod of_cancellation;
pub(crate) mod overrun;
mod primary;
pub(crate) mod rejected;
pub(crate) mod task_error;
mod text;

pub use kind::ErrorKind;
pub use primary::BoxError;
use primary::Primary;

/// The failure of a resource's enter or exit, with all that failed beside it.
///
/// [`primary`](Error::primary) is the original error; [`downcast_ref`](Error::downcast_ref) and
/// [`downcast`](Error::downcast) get it back with its own type. [`attached`](Error::attached) holds the other failures
/// in the order they happened. `Debug` is the full report, so that `fn main() -> Result<(), lifespan::Error>` prints all
/// there is to know.
///
/// `Display` is one sentence with the text of the primary error in it, and then that of each attached one, so that a log line
/// with `{error}` alone says what went wrong: "resource \`db\` failed to exit: connection reset; also: \`cache\`: disk full".
/// [`source`](StdError::source) goes on *below* the primary error, whose text is there already: what prints the whole chain,
/// as `anyhow` and `eyre` do, says nothing twice. To get at the primary error itself, use the methods above.
///
/// ```
/// use lifespan::{Error, ErrorKind, Lifespan, Phase};
/// use std::io;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let socket = async { Err::<(), _>(io::Error::other("no route")) };
/// let socket = Lifespan::new(socket, async |(), _| ()).named("socket");
/// let error: Error = socket.scope_ok(async |_| ()).await.unwrap_err();
///
/// assert_eq!(error.to_string(), "resource `socket` failed to enter: no route");
/// assert_eq!((error.resource(), error.phase()), ("socket", Phase::Enter));
/// assert_eq!(error.kind(), ErrorKind::Failed);
/// assert!(error.downcast_ref::<io::Error>().is_some());
/// # }
/// ```
pub struct Error(Box<ErrorInner>);

struct ErrorInner {
    kind: ErrorKind,
    phase: Phase,
    subject: Subject,
    primary: Primary,
    attached: Vec<Error>,
    /// So many of those that are attached happened before this.
    earlier: usize,
    /// It was reported as well.
    is_reported: bool,
}

impl Error {
    pub(crate) fn new(entry: &Entry, phase: Phase, kind: ErrorKind, primary: BoxError) -> Self {
        Error::of(entry.subject(), phase, kind, primary)
    }

    pub(crate) fn of(subject: Subject, phase: Phase, kind: ErrorKind, primary: BoxError) -> Self {
        Error::made(subject, phase, kind, primary.into())
    }

    fn made(subject: Subject, phase: Phase, kind: ErrorKind, primary: Primary) -> Self {
        Error(Box::new(ErrorInner {
            kind,
            phase,
            subject,
            primary,
            attached: Vec::new(),
            earlier: 0,
            is_reported: false,
        }))
    }

    /// The error an enter or exit returned. One that already names its resource stays as it is: nothing is wrapped
    /// twice (law 23), and what only waited when it was cancelled has not failed (law 15).
    pub(crate) fn failed(subject: &Subject, phase: Phase, error: BoxError) -> Self {
        match error.downcast::<Error>() {
            Ok(named) => *named,
            Err(error) => {
                let cancellation = error.downcast_ref();
                let kind = cancellation.map_or(ErrorKind::Failed, ErrorKind::of);
                Error::of(subject.clone(), phase, kind, error)
            }
        }
    }

    /// A scope that was cancelled, in its enter or its body.
    pub(crate) fn cancelled(subject: Subject, phase: Phase, cancellation: Cancellation) -> Self {
        let kind = ErrorKind::of(&cancellation);
        Error::made(subject, phase, kind, cancellation.into())
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether a cancel scope around it was cancelled, or an owner was [closed](Error::is_closed) while it ran there. A deadline that
    /// passed is [a timeout](Error::is_timeout) instead.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.kind == ErrorKind::Cancelled
    }

    /// Whether a budget ran out, or a deadline around it passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, ErrorKind::TimedOut | ErrorKind::DeadlinePassed)
    }

    /// Whether an owner, a map, a group or a stack was closed: before the call, or, for an owner, during it. Another one may still do
    /// it. [`resource`](Error::resource) says which one was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let is_cut = || self.cancellation().is_some_and(Cancellation::is_closed);
        self.0.kind == ErrorKind::Closed || is_cut()
    }

    /// Why it was cancelled, if it was: which task asked for it and where, or which deadline passed.
    #[must_use]
    pub fn cancellation(&self) -> Option<&Cancellation> {
        match self.downcast_ref::<Cancelled>() {
            Some(cancelled) => Some(cancelled.cancellation()),
            None => self.downcast_ref(),
        }
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.0.subject
    }

    /// The name of the resource that failed: its type's, or what [`named`](crate::Lifespan::named) set.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.0.subject.name.as_str()
    }

    /// Whether it failed to enter or to exit, or was cancelled in its body.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// Where the resource was entered: the call of `scope`, `scope_ok` or `enter`.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.0.subject.place
    }

    /// The original error.
    #[must_use]
    pub fn primary(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0.primary
    }

    /// What else failed, in the order it happened.
    #[must_use]
    pub fn attached(&self) -> &[Error] {
        &self.0.attached
    }

    /// The original error, if it has this type.
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.primary.downcast_ref()
    }

    /// One that can be told to several.
    pub(crate) fn shared(mut self) -> Error {
        self.0.primary = self.0.primary.shared();
        let attached = std::mem::take(&mut self.0.attached);
        self.0.attached = attached.into_iter().map(Error::shared).collect();
        self
    }

    /// One that is shared, for somebody else.
    pub(crate) fn again(&self) -> Error {
        Error(Box::new(ErrorInner {
            subject: self.0.subject.clone(),
            primary: self.0.primary.again(),
            attached: self.attached().iter().map(Error::again).collect(),
            ..*self.0
        }))
    }

    /// The original by value, if it has this type, and what was attached; else this error.
    pub(crate) fn open<E: StdError + 'static>(self) -> Result<(E, Vec<Error>), Error> {
        let inner = *self.0;
        match inner.primary.downcast::<E>() {
            Ok(original) => Ok((original, inner.attached)),
            Err(primary) => Err(Error(Box::new(ErrorInner { primary, ..inner }))),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        chain::below(&*self.0.primary)
    }
}
