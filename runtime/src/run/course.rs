//! [`Course`]: how far a run has come, shared by its body and the future around it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Context;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Sleep;

use super::commentary::{Commentary, Speaker};
use super::signal::Signal;
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::life::Id;
use crate::base::panic::Panic;
use crate::cancel::cancellation::{Cancellation, Kind};
use crate::cancel::node::Node;
use crate::error::{Error, ErrorKind};
use crate::event::ReportSubscriber;
use crate::event::failures::{Failure, Failures};
use crate::event::undelivered::Undelivered;
use crate::orphan::drain::drain;
use crate::orphan::{ledger, owner_entry};

pub(super) struct Course {
    /// What is run.
    subject: Subject,
    /// The cancel scope around it.
    node: Arc<Node>,
    /// Whether the body has begun.
    is_entered: AtomicBool,
    /// Ends the body.
    stop: Notify,
    /// Sees what nobody returns.
    witness: ReportSubscriber,
    speaker: Speaker,
    /// Which owner would have been the next when it began.
    owners: AtomicU64,
}

impl Course {
    pub(super) fn new(subject: Subject, node: Arc<Node>, commentary: Commentary) -> Self {
        let root = Id::next();
        node.houses(root);
        Course {
            speaker: Speaker::new(commentary, &subject, root),
            subject,
            node,
            is_entered: AtomicBool::new(false),
            stop: Notify::new(),
            witness: ReportSubscriber::default(),
            owners: AtomicU64::new(u64::MAX),
        }
    }

    pub(super) fn begin(&self) {
        self.witness.begin();
        self.speaker.begin(self.subject.place);
        self.owners.store(ledger::mark(), Ordering::Relaxed);
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

    /// What the scope ended with, until all is drained.
    pub(super) fn kept(&self, ended: Result<Result<(), Error>, Panic>) -> Result<(), Undelivered> {
        match ended {
            Ok(result) => result.map_err(Undelivered::from),
            Err(panic) => Err(Failure::panicked(self.subject.clone(), self.phase(), panic).into()),
        }
    }

    fn close_owners(&self) -> bool {
        let since = self.owners.load(Ordering::Relaxed);
        Handle::try_current().is_ok_and(|runtime| owner_entry::close_owners(runtime.id(), since, self.subject.place))
    }

    /// The body.
    pub(super) async fn serve(&self) {
        self.is_entered.store(true, Ordering::Relaxed);
        // What fails while it serves is no matter of the run, which may last for months.
        let _away = self.witness.look_away();
        self.speaker.ready();
        // Also if a service fails on its own, and this is dropped.
        let _stopping = self.speaker.when_dropped();
        self.stop.notified().await;
    }

    /// The first signal: there is a body to end, or a start-up to cancel.
    pub(super) fn stop(&self, signal: Signal) {
        self.speaker.stopping(Some(signal));
        if self.is_entered() {
            self.stop.notify_one();
        } else {
            let kind = Kind::Signal(signal.name());
            self.node.cancel(&Cancellation::new(kind, self.subject.place));
        }
    }

    fn is_entered(&self) -> bool {
        self.is_entered.load(Ordering::Relaxed)
    }

    /// Says what it waits for, when that is due.
    pub(super) fn poll_slow(&self, sleep: Pin<&mut Option<Sleep>>, cx: &mut Context<'_>) {
        self.speaker.poll_slow(sleep, elsewhere, cx);
    }

    /// Says what the second signal cuts off.
    pub(super) fn say_skipped(&self, second: Signal) {
        self.speaker.skipped(second, &elsewhere());
    }

    /// Says how it has ended.
    pub(super) fn end(&self, result: &Result<(), Error>) {
        self.speaker.end(result);
    }

    /// What nobody returned.
    pub(super) fn seen(&self) -> Vec<Error> {
        self.witness.take()
    }

    fn phase(&self) -> Phase {
        if self.is_entered() { Phase::Exit } else { Phase::Enter }
    }

    /// The second signal has ended the waiting: what had failed by then goes first, and what still exits is named.
    pub(super) fn skipped(&self, first: Signal, second: Signal) -> Error {
        let (first, second) = (first.name(), second.name());
        let text = format!("{second} came after {first}, so what was left was not waited for");
        let mut error = Error::of(self.subject.clone(), self.phase(), ErrorKind::Interrupted, text.into());
        let (cut, mut failed): (Vec<_>, Vec<_>) = self.seen().into_iter().partition(is_cut);
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

    /// Nothing was entered.
    pub(super) fn deaf(&self, error: &io::Error) -> Error {
        let text = format!("it cannot listen for signals: {error}");
        let error = io::Error::new(error.kind(), text).into();
        Error::of(self.subject.clone(), Phase::Enter, ErrorKind::Failed, error)
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
