//! [`Exit`]: what a resource is told when it ends, and [`Cause`], why it ends.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::base::budget::Budget;
use crate::base::cause::Cause;
use crate::base::entry::{Entry, EntryParts};
use crate::base::lock::Lock;
use crate::cancel::cancellation::Cancellation;
use crate::error::overrun::Allowed;
use crate::event;

mod reason;
pub(crate) use reason::Reason;

/// Tells an exit why it runs and how much time it has.
///
/// It has no lifetime and is `Send + Sync`, so a clone of it can go to helpers; a clone shares budget and progress
/// with the original and costs one small allocation.
///
/// ```
/// use lifespan::{BoxError, Exit, ScopedResource};
///
/// struct Transaction { log: Vec<&'static str> }
///
/// impl ScopedResource for Transaction {
///     async fn exit(mut self, exit: &Exit) -> Result<(), BoxError> {
///         self.log.push(if exit.is_clean() { "commit" } else { "roll back" });
///         Ok(())
///     }
/// }
/// ```
pub struct Exit {
    cause: Cause,
    budget: Option<Budget>,
    /// Fixed when first asked for or when the exit first waits, whichever is earlier: an exit that does neither reads
    /// no clock. Not in a `OnceLock`, which has something to do when it drops.
    deadline: Lock<Option<Instant>>,
    /// Made when there is something to share: most exits have neither an error, nor progress, nor clones.
    shared: OnceLock<Arc<ExitShared>>,
}

#[derive(Default)]
struct ExitShared {
    error: Option<Reason>,
    /// Whose time it is, if that is shorter than its own.
    lent: Option<LentTime>,
    /// When the time of the whole is over that it is a part of.
    whole: Option<Instant>,
    progress: Lock<Option<String>>,
    /// The entries of the members of what exits.
    parts: OnceLock<Arc<EntryParts>>,
    /// Of what is around it.
    cancellation: OnceLock<Cancellation>,
}

impl Exit {
    #[inline]
    pub(crate) fn new(cause: Cause, budget: Option<Budget>) -> Self {
        Exit { cause, budget, deadline: Lock::new(None), shared: OnceLock::new() }
    }

    /// With what ended the body.
    #[cold]
    pub(crate) fn with_error(self, error: impl Into<Reason>) -> Self {
        self.sharing(Some(error.into()), None, None)
    }

    /// In the same tick as the whole, and looked at first: it is the member that says that it took too long.
    #[cold]
    fn sharing(self, error: Option<Reason>, lent: Option<LentTime>, whole: Option<Instant>) -> Self {
        let deadline = Lock::new(lent.map(|lent| lent.until.at));
        let shared = Arc::new(ExitShared { error, lent, whole, ..ExitShared::default() });
        Exit { deadline, shared: OnceLock::from(shared), ..self }
    }

    /// Notes how the members were entered of what exits.
    #[inline]
    pub(crate) fn note(&self, entry: &Entry) {
        if let Some(parts) = &entry.parts {
            self.note_parts(parts);
        }
    }

    #[cold]
    fn note_parts(&self, parts: &Arc<EntryParts>) {
        let _ = self.shared().parts.set(Arc::clone(parts));
    }

    /// The entries of the members of what exits.
    pub(crate) fn parts(&self) -> Option<&[Entry]> {
        self.shared.get()?.parts.get()?.get()
    }

    /// What is around the exit was cancelled: nothing that an exit has to care about, unless it only waits for others.
    #[cold]
    pub(crate) fn note_cancelled(&self, cancellation: Cancellation) {
        let _ = self.shared().cancellation.set(cancellation);
    }

    /// Why what is around the exit was cancelled, if it was, as of the last poll.
    #[inline]
    pub(crate) fn cancelled_around(&self) -> Option<&Cancellation> {
        self.shared.get()?.cancellation.get()
    }

    /// What the members of what exits are told; each has its own budget, but no more time than the whole.
    pub(crate) fn for_members(&self) -> ForMembers {
        ForMembers {
            cause: self.cause,
            error: self.reason().cloned(),
            until: self.deadline().zip(self.stated()).map(Until::new),
        }
    }

    /// Why the resource exits.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Whether the body succeeded: a transaction commits, a temporary file is kept.
    #[must_use]
    #[inline]
    pub fn is_clean(&self) -> bool {
        self.cause.is_clean()
    }

    /// The text of the error, panic or cancellation that ended the body, if one did.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.reason().map(Reason::text)
    }

    fn reason(&self) -> Option<&Reason> {
        self.shared.get()?.error.as_ref()
    }

    /// How much of the budget is left; `None` if there is no bound.
    ///
    /// The budget starts to run at the first call of this method or when the exit first waits.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline()
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// How much time is left to the whole that this exit is a part of, such as a lifespan with an `exit_timeout`: what is left for
    /// the exits that come after this one as well. `None` if the whole has no bound, or this is no part of one. A part that is ended by
    /// [`exit_as`](crate::Live::exit_as) has a tenth less, or a second, as it has for itself.
    #[must_use]
    pub fn remaining_of_whole(&self) -> Option<Duration> {
        let whole = self.shared.get()?.whole?;
        Some(whole.saturating_duration_since(Instant::now()))
    }

    /// Says how far the exit has come; the last text is part of the error when the budget runs out.
    pub fn progress(&self, text: impl fmt::Display) {
        let text = text.to_string();
        let shared = self.shared();
        if let Some(observed) = shared.parts.get().and_then(|parts| parts.observed()) {
            event::progressed(&observed.subject, &text);
        }
        *shared.progress.lock() = Some(text);
    }

    /// When its time is over, fixed by the first call.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let budget = self.budget?;
        let mut deadline = self.deadline.lock();
        Some(*deadline.get_or_insert_with(|| budget.deadline()))
    }

    /// How much time it had, as an error says it that it did not keep to it.
    pub(crate) fn allowed(&self) -> Allowed {
        match self.lent() {
            Some(lent) if lent.is_nothing => Allowed::Nothing,
            _ => Allowed::Within(self.stated().map_or(Duration::ZERO, Budget::time)),
        }
    }

    /// How long it may take.
    pub(crate) fn budget(&self) -> Option<Duration> {
        self.budget.map(Budget::time)
    }

    /// Its budget, or the one that was lent to it, as the user wrote it.
    fn stated(&self) -> Option<Budget> {
        self.lent().map(|lent| lent.until.of).or(self.budget)
    }

    fn lent(&self) -> Option<&LentTime> {
        self.shared.get()?.lent.as_ref()
    }

    pub(crate) fn last_progress(&self) -> Option<String> {
        self.shared.get()?.progress.lock().clone()
    }

    fn shared(&self) -> &ExitShared {
        self.shared.get_or_init(Arc::default)
    }
}

/// See [`Exit::for_members`].
#[derive(Clone, Debug)]
pub struct ForMembers {
    cause: Cause,
    error: Option<Reason>,
    until: Option<Until>,
}

/// When the time of a whole is over, of which its members have what is left.
#[derive(Clone, Copy, Debug)]
struct Until {
    at: Instant,
    /// The budget of the whole, as its user wrote it.
    of: Budget,
}

/// What is left of the time of a whole, for a member that has no more itself.
#[derive(Clone, Copy)]
struct LentTime {
    until: Until,
    is_nothing: bool,
}

impl Until {
    fn new((at, of): (Instant, Budget)) -> Self {
        Until { at, of }
    }

    fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// The time for a member that begins now, if it has not less itself.
    fn lend(self, own: Option<Budget>) -> Option<(Budget, LentTime)> {
        let time = self.left();
        let lent = LentTime { until: self, is_nothing: time.is_zero() };
        // What is over is over with its first wait.
        let time = Budget::new(time.max(Duration::from_nanos(1)))?;
        own.is_none_or(|own| time < own).then_some((time, lent))
    }
}

impl ForMembers {
    /// What somebody says who is no exit.
    pub(crate) fn because(cause: Cause, error: Option<Reason>) -> Self {
        ForMembers { cause, error, until: None }
    }

    /// With a little less time, so that it is the member that says that it took too long, and not what is around it.
    pub(crate) fn sooner(self) -> Self {
        let until = self
            .until
            .map(|until| Until { at: until.at - (until.left() / 10).min(Duration::from_secs(1)), ..until });
        ForMembers { until, ..self }
    }

    /// From here on they are told of this failure, if all was well before it.
    #[cold]
    pub(crate) fn after(&mut self, failure: impl FnOnce() -> String) {
        if self.cause == Cause::Completed {
            self.cause = Cause::Failed;
            self.error = Some(failure().into());
        }
    }

    /// They are told that this cut what was under way, if all was well but for that.
    pub(crate) fn cut_by(self, why: &Cancellation) -> Self {
        if self.cause != Cause::Completed {
            return self;
        }
        ForMembers { cause: why.cause(), error: Some(why.into()), ..self }
    }

    /// For an exit that begins now.
    pub(crate) fn now(self, budget: Option<Budget>) -> Exit {
        let (budget, lent) = match self.until.and_then(|until| until.lend(budget)) {
            Some((time, lent)) => (Some(time), Some(lent)),
            None => (budget, None),
        };
        let exit = Exit::new(self.cause, budget);
        let whole = self.until.map(|until| until.at);
        match (self.error, whole) {
            (None, None) => exit,
            (error, whole) => exit.sharing(error, lent, whole),
        }
    }
}

impl Clone for Exit {
    fn clone(&self) -> Self {
        // What is decided lazily is decided now, or the clones would decide it apart.
        let deadline = self.deadline();
        self.shared();
        Exit {
            cause: self.cause,
            budget: self.budget,
            deadline: Lock::new(deadline),
            shared: self.shared.clone(),
        }
    }
}

impl fmt::Debug for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exit")
            .field("cause", &self.cause)
            .field("error", &self.error())
            .field("budget", &self.budget)
            .field("progress", &self.last_progress())
            .finish_non_exhaustive()
    }
}
