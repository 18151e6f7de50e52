//! [`Error`]: what a scope fails with. It names the resource, the phase and the place, keeps the original error, and
//! carries every other failure that happened on the way out (law 23).

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::base::cause::Phase;
use crate::base::entry::{Entry, Subject};
use crate::base::panic::rendered;
use crate::cancel::cancellation::{Cancellation, Cancelled, CancelledBy};
use crate::error::task_error::ChildError;

pub(crate) mod chain;
pub(crate) mod closed;
mod convert_errors;
pub(crate) mod of_cancellation;
mod primary;
pub(crate) mod task_error;
use primary::Primary;

/// The error type that everything converts into: `Box<dyn Error + Send + Sync>`.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// What happened to the resource an [`Error`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Its enter or exit returned an error; or it is a service, and died while it was used (law 21).
    Failed,
    /// Its enter or exit panicked.
    Panicked,
    /// Its own enter or exit took longer than its budget.
    TimedOut,
    /// A cancel scope around it was cancelled (law 14, law 15).
    Cancelled,
    /// The deadline of a cancel scope around it passed, or the budget of an enter or exit around it ran out.
    DeadlinePassed,
    /// It has a budget that cannot be kept here, since no timer works.
    NoTimer,
    /// It was dropped before it had ended, because nobody waited for it any more.
    Interrupted,
    /// Its exit could not be run (laws 3 and 4).
    Lost,
    /// It was to be used, and had been closed by then, or had failed; or that happened to what it was to be entered in.
    Closed,
    /// It would have waited for itself, and did not.
    Deadlock,
}

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
/// let error: Error = Lifespan::new(socket, async |(), _| ()).named("socket").scope_ok(async |_| ()).await.unwrap_err();
///
/// assert_eq!(error.to_string(), "resource `socket` failed to enter: no route");
/// assert_eq!((error.resource(), error.phase(), error.kind()), ("socket", Phase::Enter, ErrorKind::Failed));
/// assert!(error.downcast_ref::<io::Error>().is_some());
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
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
        Error(Box::new(Inner {
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

    pub(crate) fn timed_out(entry: &Entry, phase: Phase, allowed: Allowed, progress: Option<String>) -> Self {
        let overrun = Overrun { allowed, progress };
        Error::new(entry, phase, ErrorKind::TimedOut, overrun.into())
    }

    /// A scope that was cancelled, in its enter or its body.
    pub(crate) fn cancelled(entry: &Entry, phase: Phase, cancellation: Cancellation) -> Self {
        let kind = ErrorKind::of(&cancellation);
        Error::made(entry.subject(), phase, kind, cancellation.into())
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether somebody cancelled a cancel scope around it; that a deadline passed is [another thing](Error::is_timeout). Also true of
    /// what the close of an owner has cut there, of which [`is_closed`](Error::is_closed) tells.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.kind == ErrorKind::Cancelled
    }

    /// Whether a budget ran out, or a deadline around it passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, ErrorKind::TimedOut | ErrorKind::DeadlinePassed)
    }

    /// Whether what it was to be done with is gone: an owner, a map, a group or a stack that takes nothing any more, or an owner that
    /// was closed while it worked on this. To try again with another one may help; if several can be meant, ask
    /// [which](Error::resource), or ask the owner itself.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let is_cut = || self.cancellation().is_some_and(Cancellation::is_closed);
        self.0.kind == ErrorKind::Closed || is_cut()
    }

    /// Why it was cancelled, if it was: who asked and where, or whose deadline passed.
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
        let Inner {
            kind,
            phase,
            subject,
            primary,
            attached,
            earlier,
            is_reported,
        } = &*self.0;
        Error(Box::new(Inner {
            kind: *kind,
            phase: *phase,
            subject: subject.clone(),
            primary: primary.again(),
            attached: attached.iter().map(Error::again).collect(),
            earlier: *earlier,
            is_reported: *is_reported,
        }))
    }

    /// The original by value, if it has this type, and what was attached; else this error.
    pub(crate) fn open<E: StdError + 'static>(self) -> Result<(E, Vec<Error>), Error> {
        let Inner {
            kind,
            phase,
            subject,
            primary,
            attached,
            earlier,
            is_reported,
        } = *self.0;
        match primary.downcast::<E>() {
            Ok(original) => Ok((original, attached)),
            Err(primary) => Err(Error(Box::new(Inner {
                kind,
                phase,
                subject,
                primary,
                attached,
                earlier,
                is_reported,
            }))),
        }
    }

    /// Attaches what failed beside this error, flat: an attached error's own attachments stand beside it.
    pub(crate) fn attach(&mut self, others: impl IntoIterator<Item = Error>) {
        let others = others.into_iter().flat_map(Error::in_order);
        self.0.attached.extend(others);
    }

    /// As [`attach`](Error::attach), for what had failed before this did.
    pub(crate) fn attach_before(&mut self, others: impl IntoIterator<Item = Error>) {
        let others = others.into_iter().flat_map(Error::in_order);
        let mut attached: Vec<_> = others.collect();
        self.0.earlier += attached.len();
        attached.append(&mut self.0.attached);
        self.0.attached = attached;
    }

    /// This error, with nothing attached, among those that were, in the order they happened.
    fn in_order(self) -> impl Iterator<Item = Error> {
        self.in_order_if(true)
    }

    /// As [`in_order`](Error::in_order), maybe without this error itself.
    fn in_order_if(mut self, with_itself: bool) -> impl Iterator<Item = Error> {
        let earlier = self.0.earlier;
        let mut before = self.take_attached();
        let after = before.split_off(earlier);
        let itself = with_itself.then_some(self);
        before.into_iter().chain(itself).chain(after)
    }

    /// What was attached, for somebody else to tell.
    pub(crate) fn take_attached(&mut self) -> Vec<Error> {
        self.0.earlier = 0;
        std::mem::take(&mut self.0.attached)
    }

    pub(crate) fn attached_mut(&mut self) -> &mut [Error] {
        &mut self.0.attached
    }

    pub(crate) fn is_reported(&self) -> bool {
        self.0.is_reported
    }

    /// It was reported, with what is attached to it: nobody need report it again.
    pub(crate) fn note_reported(&mut self) {
        self.0.is_reported = true;
        self.0.attached.iter_mut().for_each(Error::note_reported);
    }

    /// Whether all it has to say is that something around was cancelled. That a cancel scope inside ended by itself, at its
    /// deadline, say, is more than that.
    pub(crate) fn only_tells_of_around(&self) -> bool {
        match self.downcast_ref::<Cancelled>() {
            Some(cancelled) => cancelled.by == CancelledBy::Outer,
            None => self.cancellation().is_some(),
        }
    }

    /// Nothing, or the first of them with the others attached.
    pub(crate) fn first_of(failures: impl IntoIterator<Item = Error>) -> Result<(), Error> {
        let mut failures = failures.into_iter();
        let Some(mut first) = failures.next() else {
            return Ok(());
        };
        first.attach(failures);
        Err(first)
    }

    /// Whether it only tells of this cancellation.
    pub(crate) fn is_echo_of(&self, cancellation: &Cancellation) -> bool {
        let of_child = || self.downcast_ref().and_then(ChildError::death);
        self.cancellation()
            .or_else(of_child)
            .is_some_and(|told| told.is(cancellation))
    }

    /// Attaches what code had to say that was told to stop, unless that is only the telling.
    pub(crate) fn attach_unless_cancelled(&mut self, other: Error) {
        let is_news = other.cancellation().is_none();
        self.attach(other.in_order_if(is_news));
    }

    /// Attaches another failure of a group, unless it only tells of this one.
    pub(crate) fn attach_unless_consequence(&mut self, other: Error) {
        let is_echo = other.cancellation().is_some_and(Cancellation::is_consequence);
        self.attach(other.in_order_if(!is_echo));
    }

    /// What happened, without the attached errors.
    fn sentence(&self) -> impl fmt::Display {
        fmt_fn(move |f| {
            let (name, phase, primary) = (self.resource(), self.phase(), &self.0.primary);
            match self.kind() {
                ErrorKind::Panicked => {
                    write!(f, "resource `{name}` panicked in its {phase}: {primary}")
                }
                ErrorKind::TimedOut => write!(f, "resource `{name}` did not {phase} {primary}"),
                ErrorKind::Interrupted => {
                    write!(f, "resource `{name}` was interrupted in its {phase}: {primary}")
                }
                ErrorKind::Lost => write!(f, "resource `{name}` lost its {phase}: {primary}"),
                ErrorKind::Closed if phase == Phase::Body => {
                    write!(f, "resource `{name}` is closed: {primary}")
                }
                ErrorKind::Deadlock => {
                    write!(f, "resource `{name}` would wait for itself: {primary}")
                }
                ErrorKind::Cancelled | ErrorKind::DeadlinePassed => self.write_cancelled(f, name, phase),
                _ if phase == Phase::Body => write!(f, "resource `{name}` died: {primary}"),
                _ => write!(f, "resource `{name}` failed to {phase}: {primary}"),
            }
        })
    }
}

impl Error {
    /// What it adds to the sentence of another error.
    fn brief(&self) -> String {
        if self.kind() == ErrorKind::Failed && self.phase() != Phase::Body {
            return format!("`{}`: {}", self.resource(), self.0.primary);
        }
        let sentence = self.sentence().to_string();
        match sentence.strip_prefix("resource ") {
            Some(brief) => brief.to_owned(),
            None => sentence,
        }
    }

    fn write_cancelled(&self, f: &mut fmt::Formatter<'_>, name: &str, phase: Phase) -> fmt::Result {
        let primary = &self.0.primary;
        match phase {
            // A cancel scope says all of it itself.
            _ if primary.is::<Cancelled>() => write!(f, "{primary}"),
            Phase::Enter => write!(f, "resource `{name}` was not entered: {primary}"),
            _ => write!(f, "the scope of `{name}` was cancelled: {primary}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.sentence())?;
        let mut attached = self.0.attached.iter();
        attached.try_for_each(|other| write!(f, "; also: {}", other.brief()))
    }
}

/// The full report: the sentence, the place, the chain of sources, and the same for everything attached.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_report(f, "")?;
        for (index, other) in self.0.attached.iter().enumerate() {
            write!(f, "\n  {}. ", index + 1)?;
            other.write_report(f, "     ")?;
        }
        Ok(())
    }
}

impl Error {
    fn write_report(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        write!(f, "{}\n{indent}  entered at {}", self.sentence(), self.place())?;
        let mut source = self.0.primary.source();
        while let Some(error) = source {
            write!(f, "\n{indent}  caused by: {}", rendered(&error))?;
            source = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        chain::below(&*self.0.primary)
    }
}

/// How much time an enter or exit had, as errors say it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Allowed {
    /// A budget, as the user wrote it: its own, or that of what it is a part of.
    Within(Duration),
    /// The time of what it is a part of was over before it began.
    Nothing,
}

/// A budget that ran out; its text continues the sentence "did not enter".
#[derive(Debug)]
struct Overrun {
    allowed: Allowed,
    progress: Option<String>,
}

impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.allowed {
            Allowed::Within(budget) => write!(f, "within {budget:?}")?,
            Allowed::Nothing => f.write_str("in time: no time was left for it")?,
        }
        match &self.progress {
            Some(text) => write!(f, ", last progress: {text}"),
            None => Ok(()),
        }
    }
}

impl StdError for Overrun {}

fn fmt_fn(write: impl Fn(&mut fmt::Formatter<'_>) -> fmt::Result) -> impl fmt::Display {
    struct Written<F>(F);
    impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Written<F> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (self.0)(f)
        }
    }
    Written(write)
}
