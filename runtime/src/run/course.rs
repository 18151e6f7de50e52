//! [`Course`]: how far a run has come, shared by its body and the future around it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Context;

use tokio::runtime::Handle;
use tokio::time::{Sleep, timeout_at};

use super::commentary::{Commentary, Speaker};
use super::signal::Signal;
use super::stage::{Now, Rung, Stage, StoppedBy};
use crate::base::cause::Phase;
#[cfg(feature = "tasks")]
use crate::base::draining::Draining;
use crate::base::entry::Subject;
use crate::base::life::{Id, Life};
use crate::base::run_state::RunState;
use crate::base::timer;
use crate::cancel::cancellation::{CancelKind, Cancellation};
use crate::cancel::current;
use crate::cancel::node::Node;
use crate::error::{Error, ErrorKind};
use crate::event::failures::Failures;
use crate::event::{EventKind, ReportSubscriber, emit};
use crate::orphan::drain::drain;
use crate::orphan::{blocking, ledger, owner_entry};

pub(super) struct Course {
    /// What is run.
    pub(super) subject: Subject,
    /// The cancel scope around it.
    node: Arc<Node>,
    pub(super) stage: Arc<Stage>,
    /// Whether the body has begun.
    is_entered: AtomicBool,
    is_stopping: AtomicBool,
    /// The body ends by itself when the run stops; another one is cancelled.
    body_hears: bool,
    /// Sees what nobody returns.
    witness: ReportSubscriber,
    /// Nothing that nobody returns has failed at its end.
    is_clean: AtomicBool,
    speaker: Speaker,
    /// Which owner would have been the next when it began.
    owners: AtomicU64,
    #[cfg(feature = "tasks")]
    draining: crate::base::lock::Lock<Option<Draining>>,
}

impl Course {
    pub(super) fn new(
        subject: Subject,
        node: Arc<Node>,
        stage: Arc<Stage>,
        commentary: Commentary,
        body_hears: bool,
    ) -> Self {
        let (root, parent) = (Id::next(), current::living());
        node.houses(root);
        let life = Some(Life { id: root, parent });
        let subject = Subject { life, ..subject };
        Course {
            speaker: Speaker::new(commentary, &subject, root),
            subject,
            node,
            stage,
            is_entered: AtomicBool::new(false),
            is_stopping: AtomicBool::new(false),
            body_hears,
            witness: ReportSubscriber::default(),
            is_clean: AtomicBool::new(true),
            owners: AtomicU64::new(u64::MAX),
            #[cfg(feature = "tasks")]
            draining: crate::base::lock::Lock::default(),
        }
    }

    /// With what listens for signals; nothing is entered if that fails, or if it could not drain.
    pub(super) fn begin(&self, listen: impl FnOnce(&Arc<Stage>) -> io::Result<()>) -> Result<(), Error> {
        if self.stage.now().drains_for.is_some() && !timer::works() {
            return Err(self.not_begun(&io::Error::other(
                "it has a time to drain, and this runtime has no time driver\nhelp: `Builder::enable_time`",
            )));
        }
        listen(&self.stage).map_err(|error| {
            let text = format!("it cannot listen for signals: {error}");
            self.not_begun(&io::Error::new(error.kind(), text))
        })?;
        self.witness.begin();
        self.tell(RunState::Starting);
        self.speaker.begin(self.subject.place);
        self.owners.store(ledger::mark(), Ordering::Relaxed);
        Ok(())
    }

    fn not_begun(&self, error: &io::Error) -> Error {
        let error = io::Error::new(error.kind(), error.to_string()).into();
        Error::of(self.subject.clone(), Phase::Enter, ErrorKind::Failed, error)
    }

    /// Closes the owners that were entered since it began, and drains; again, if others were entered meanwhile (law 4).
    pub(super) async fn drain(&self) -> Failures {
        let mut failures = Failures::default();
        loop {
            let were_owners = self.close_owners();
            failures.append(Failures::of(drain().await.into_failures()));
            if !were_owners {
                return failures;
            }
        }
    }

    fn close_owners(&self) -> bool {
        let since = self.owners.load(Ordering::Relaxed);
        Handle::try_current().is_ok_and(|runtime| owner_entry::close_owners(runtime.id(), since, self.subject.place))
    }

    /// The body begins, and has ended when what this gives is dropped.
    pub(super) fn body(&self) -> RunBody<'_> {
        self.is_entered.store(true, Ordering::Relaxed);
        // What fails while it serves is no matter of the run, which may last for months.
        self.witness.look_away();
        if self.stage.ready() {
            self.tell(RunState::Ready);
            self.speaker.ready();
        }
        RunBody(self)
    }

    /// Follows the signals and handles, until a signal ends the waiting.
    pub(super) async fn follow(&self) {
        let (mut seen, mut until) = (self.stage.subscribe(), None);
        loop {
            let now = seen.borrow_and_update().clone();
            self.speaker.signalled(now.signals[1]);
            if now.state == RunState::Draining && until.is_none() {
                until = Some(self.begin_draining(&now));
            }
            if now.state == RunState::Draining && now.is_idle() {
                self.stage.stop(StoppedBy::Idle);
                continue;
            }
            if now.state >= RunState::Stopping {
                self.stop(&now);
            }
            if now.rung >= Rung::Leave {
                return;
            }
            let changed = seen.changed();
            match until.filter(|_| now.state == RunState::Draining) {
                None => drop(changed.await),
                Some(until) => {
                    if timeout_at(until, changed).await.is_err() {
                        self.stage.stop(StoppedBy::Drained);
                    }
                }
            }
        }
    }

    fn begin_draining(&self, now: &Now) -> tokio::time::Instant {
        let time = now.drains_for.unwrap_or_default();
        #[cfg(feature = "tasks")]
        if let Ok(runtime) = Handle::try_current() {
            *self.draining.lock() = Some(Draining::begin(runtime.id()));
        }
        self.tell(RunState::Draining);
        self.speaker.draining(now.signals[1], time);
        timer::after(time)
    }

    /// There is a body to end, or a start-up to cancel.
    fn stop(&self, now: &Now) {
        if self.is_stopping.swap(true, Ordering::Relaxed) {
            return;
        }
        self.tell(RunState::Stopping);
        self.speaker.stopping(&now.stopped_by);
        self.witness.look_again();
        let ends_by_itself = matches!(now.stopped_by, StoppedBy::Body) || (self.body_hears && self.is_entered());
        if !ends_by_itself {
            self.node.cancel(&self.cancellation(now));
        }
    }

    fn cancellation(&self, now: &Now) -> Cancellation {
        let of_signal = |signal: Signal| Cancellation::new(CancelKind::Signal(signal.name()), self.subject.place);
        match (&now.stopped_by, now.signals[1], &now.asked) {
            (StoppedBy::Asked(why), ..) => why.clone(),
            (StoppedBy::Signal(signal), ..) => of_signal(*signal),
            (_, Some(signal), _) => of_signal(signal),
            (_, None, Some(why)) => why.clone(),
            (_, None, None) => Cancellation::new(CancelKind::Stop, self.subject.place),
        }
    }

    fn is_entered(&self) -> bool {
        self.is_entered.load(Ordering::Relaxed)
    }

    /// Says what it waits for, when that is due.
    pub(super) fn poll_slow(&self, sleep: Pin<&mut Option<Sleep>>, cx: &mut Context<'_>) {
        self.speaker.poll_slow(sleep, elsewhere, cx);
    }

    /// What nobody returned, beside what was drained.
    pub(super) fn seen(&self, drained: &Failures) -> Vec<Error> {
        let seen = self.witness.take();
        self.is_clean
            .store(seen.is_empty() && drained.is_empty(), Ordering::Relaxed);
        seen
    }

    pub(super) fn phase(&self) -> Phase {
        if self.is_entered() { Phase::Exit } else { Phase::Enter }
    }

    /// A signal has ended the waiting: what had failed by then goes first, and what still exits is named.
    pub(super) fn left(&self) -> Error {
        let [first, second] = self.stage.now().signals.map(|signal| signal.map_or("", Signal::name));
        let text = format!("{second} came after {first}, so what was left was not waited for");
        let mut error = Error::of(self.subject.clone(), self.phase(), ErrorKind::Interrupted, text.into());
        let (cut, mut failed): (Vec<_>, Vec<_>) = self.witness.take().into_iter().partition(is_cut);
        error.attach(cut);
        self.close_owners();
        error.attach(unfinished());
        failed.push(error);
        let mut failed = failed.into_iter();
        match failed.next() {
            Some(mut first) => {
                first.attach(failed);
                first
            }
            None => unreachable!("the last of them has just been pushed"),
        }
    }

    /// Says what that cuts off.
    pub(super) fn say_left(&self) {
        if let Some(signal) = self.stage.now().signals[1] {
            self.speaker.skipped(signal, &elsewhere());
        }
    }

    /// It is over: with this failure, if with one; which may be no more than that it was cancelled.
    pub(super) fn end(&self, failed: Option<&str>, is_cancelled: bool) {
        self.speaker.end(failed);
        if let Ok(runtime) = Handle::try_current() {
            self.speaker.blocked(&blocking::left(runtime.id()));
        }
        let now = self.stage.now();
        let is_clean = failed.is_none() || (is_cancelled && self.is_clean.load(Ordering::Relaxed));
        let by_signal = now.signals[1].filter(|_| !matches!(now.stopped_by, StoppedBy::Body | StoppedBy::Asked(_)));
        // A body that was cancelled has failed, unless it was done.
        let was_cut = self.body_hears || failed.is_some();
        self.end_stage(match by_signal.filter(|_| was_cut) {
            _ if !is_clean => 1,
            Some(signal) => signal.status(),
            None => failed.is_some().into(),
        });
    }

    fn end_stage(&self, status: u8) {
        if self.stage.end(status) {
            self.tell(RunState::Stopped);
        }
    }

    fn tell(&self, state: RunState) {
        emit(&self.subject, EventKind::Run { state });
    }
}

/// A run that was dropped is over as well.
impl Drop for Course {
    fn drop(&mut self) {
        self.end_stage(1);
    }
}

/// The body of a run, while it runs.
pub(super) struct RunBody<'c>(&'c Course);

impl Drop for RunBody<'_> {
    fn drop(&mut self) {
        self.0.witness.look_again();
        self.0.stage.stop(StoppedBy::Body);
        self.0.stop(&self.0.stage.now());
    }
}

/// Whether it did not run to its end, rather than failed.
fn is_cut(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Lost)
}

/// What exits on this runtime in a task of its own.
fn elsewhere() -> Vec<Subject> {
    Handle::try_current().map_or_else(|_| Vec::new(), |runtime| ledger::pending(runtime.id()))
}

/// What goes on for as long as the runtime does.
fn unfinished() -> Vec<Error> {
    let unfinished = elsewhere().into_iter();
    unfinished
        .map(|subject| {
            let text = "nobody waits for it, and it goes on for no longer than the runtime does";
            Error::of(subject, Phase::Exit, ErrorKind::Interrupted, text.into())
        })
        .collect()
}
