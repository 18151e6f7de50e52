//! [`OwnerInner`]: what the task of an owner and its handles share, whatever the resource is.

use std::future::{Future, poll_fn};
use std::mem;
use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;
use tokio::sync::SetOnce;
use tokio::task;

use super::close_request::CloseRequest;
use super::end::{OwnerDeath, OwnerEnd, TASK_DROPPED};
use super::hooks::OwnerHook;
use super::mailbox::Mail;
use crate::base::cause::Phase;
use crate::base::entry::{Entry, Subject};
use crate::base::identity::Within;
use crate::base::lock::Lock;
use crate::base::policy::{Name, Policy};
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::error::{Error, ErrorKind};
use crate::event;
use crate::event::failures::{Failures, OneFailure};
use crate::event::undelivered::Undelivered;
use crate::orphan::ledger::Owned;
use crate::orphan::owner_entry::OwnerEntry;
use crate::resource::failing::{Failed, FailureSource};

pub(super) struct OwnerInner {
    /// The cancel scope of the enter, and around all that follows; closing cancels it as long as that goes on.
    pub(super) entering: Arc<Node>,
    /// The region of all calls, if the resource can fail meanwhile.
    pub(super) serving: OnceLock<Arc<Node>>,
    stage: Lock<OwnerStage>,
    end: SetOnce<OwnerEnd>,
    /// How many tasks wait for the end.
    waiters: AtomicUsize,
    /// How many handles there are.
    handles: AtomicUsize,
    /// The number of the next handle.
    next: AtomicU64,
    /// Those who hold the owner as a resource (law 21), by handle.
    pub(super) source: FailureSource,
    death: Lock<Option<OwnerDeath>>,
    /// Under which it was described.
    subject: Subject,
    /// For whatever holds it.
    pub(super) policy: Policy,
    task: OnceLock<task::Id>,
    pub(super) is_entered: AtomicBool,
    /// Whether the caller that spawned it has a handle; until then nobody else need be told of its end.
    pub(super) is_given: AtomicBool,
    /// Where `drain` and `run` find it.
    listing: OnceLock<OwnerEntry>,
    /// Why there is no resource.
    not_entered: Lock<Option<Undelivered>>,
    /// In which exit it was spawned.
    pub(super) within: Within,
    mailbox: Arc<dyn Mail>,
}

/// It is closed once, by the first caller that asks for it or by the drop of the last handle (law 4).
enum OwnerStage {
    /// With the region of the call that runs, or of the last one.
    Open(Option<Arc<Node>>),
    /// No more calls are taken; when those that wait have run, it closes as this says.
    Finishing(Option<Arc<Node>>, CloseRequest),
    Closing(CloseRequest),
    Ended,
}

impl OwnerInner {
    /// With one handle.
    pub(super) fn new(runtime: &Handle, mailbox: Arc<dyn Mail>, entry: &Entry) -> Arc<Self> {
        let subject = entry.subject();
        let entering = Node::new();
        entering.name(subject.clone());
        event::inside_of_what_is_here(&entering);
        let inner = Arc::new(OwnerInner {
            entering,
            serving: OnceLock::new(),
            stage: Lock::new(OwnerStage::Open(None)),
            end: SetOnce::new(),
            waiters: AtomicUsize::new(0),
            handles: AtomicUsize::new(1),
            next: AtomicU64::new(0),
            source: FailureSource::new(subject.clone()),
            subject,
            death: Lock::default(),
            policy: entry.policy.clone(),
            task: OnceLock::new(),
            is_entered: AtomicBool::new(false),
            is_given: AtomicBool::new(false),
            listing: OnceLock::new(),
            not_entered: Lock::default(),
            within: Within::here(),
            mailbox,
        });
        let owner: Arc<dyn Owned> = Arc::clone(&inner) as _;
        let _ = inner.listing.set(OwnerEntry::of(runtime.id(), &owner));
        inner
    }
}

impl OwnerInner {
    /// Its task runs.
    pub(super) fn begin(&self) {
        if let Some(task) = task::try_id() {
            let _ = self.task.set(task);
        }
    }

    /// Whether the caller is the very task of the owner, which would wait for itself.
    pub(super) fn is_here(&self) -> bool {
        task::try_id().is_some_and(|task| self.task.get() == Some(&task))
    }

    /// Has it end, if nobody has by now: what runs there unwinds, then it exits.
    pub(super) fn close(&self, request: CloseRequest) {
        if request.runs_calls_first {
            return self.finish(request);
        }
        let why = request.why.clone();
        let running = {
            let mut stage = self.stage.lock();
            let (OwnerStage::Open(running) | OwnerStage::Finishing(running, _)) = &mut *stage else {
                return;
            };
            let running = running.take();
            *stage = OwnerStage::Closing(request);
            running
        };
        if let Some(listing) = self.listing.get() {
            listing.ask(&self.subject());
        }
        // It was closed before this is looked at: the task looks the other way round.
        if !self.is_entered.load(Ordering::SeqCst) {
            self.entering.cancel(&why);
        }
        if let Some(region) = running {
            region.cancel(&why);
        }
        // What fails there from here on is no death any more.
        if let Some(serving) = self.serving.get() {
            serving.cancel_inherited(&why);
        }
        self.mailbox.close();
    }

    /// Takes no more calls, and has those run that have come.
    fn finish(&self, request: CloseRequest) {
        {
            let mut stage = self.stage.lock();
            let OwnerStage::Open(running) = &mut *stage else { return };
            *stage = OwnerStage::Finishing(running.take(), request);
        }
        if let Some(listing) = self.listing.get() {
            listing.finish(&self.subject());
        }
        self.mailbox.seal();
    }

    /// No call is left: it closes, if it was to finish those.
    pub(super) fn close_if_finished(&self) {
        let request = match &*self.stage.lock() {
            OwnerStage::Finishing(_, request) => request.clone(),
            _ => return,
        };
        self.close(CloseRequest { runs_calls_first: false, ..request });
    }

    /// Whether it runs calls: a last one, too.
    pub(super) fn is_open(&self) -> bool {
        matches!(*self.stage.lock(), OwnerStage::Open(_) | OwnerStage::Finishing(..))
    }

    /// Whether it takes no more calls.
    pub(super) fn is_closed(&self) -> bool {
        !matches!(*self.stage.lock(), OwnerStage::Open(_))
    }

    /// What the first who closed it said; none if nobody did, or if it is over.
    pub(super) fn close_request(&self) -> Option<CloseRequest> {
        match &*self.stage.lock() {
            OwnerStage::Closing(request) => Some(request.clone()),
            OwnerStage::Open(_) | OwnerStage::Finishing(..) | OwnerStage::Ended => None,
        }
    }

    /// A call begins in this region, and the one before has ended. Whether it may begin: not if it is closed.
    pub(super) fn runs(&self, region: &Arc<Node>) -> bool {
        let mut stage = self.stage.lock();
        let (OwnerStage::Open(running) | OwnerStage::Finishing(running, _)) = &mut *stage else {
            return false;
        };
        let before = running.replace(Arc::clone(region));
        drop(stage);
        drop(before);
        true
    }

    /// A new handle, and its number.
    pub(super) fn hold(&self) -> u64 {
        self.handles.fetch_add(1, Ordering::Relaxed);
        self.number()
    }

    /// The number of the first handle.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A handle less. The last one closes it.
    pub(super) fn let_go(&self, handle: u64) {
        self.source.detach(handle);
        let is_last = self.handles.fetch_sub(1, Ordering::AcqRel) == 1;
        if is_last && !self.is_closed() {
            self.close(CloseRequest::abandoned(self.subject.place));
        }
    }

    /// It is over. A failure that neither a hook tells nor any task waits for is told to those who drain, or reported.
    pub(super) fn end(&self, end: OwnerEnd, mut hook: Option<Box<dyn OwnerHook>>) {
        let is_told = hook.as_mut().is_some_and(|hook| hook.exited(&end)) || self.waiters.load(Ordering::SeqCst) > 0;
        let untold = if is_told { None } else { end.untold() };
        // Before anybody is told: by then it must be neither among the live nor among those that end.
        if let Some(listing) = self.listing.get() {
            listing.end(Failures::of(untold.into_iter().collect()));
        }
        let old = mem::replace(&mut *self.stage.lock(), OwnerStage::Ended);
        drop(old);
        let set = self.end.set(end);
        debug_assert!(set.is_ok(), "an owner ends once");
        self.mailbox.close();
        drop(hook);
    }

    /// How it ended, if it has.
    pub(super) fn has_ended(&self) -> Option<&OwnerEnd> {
        self.end.get()
    }

    /// How it ended, after it did; with a request it is asked to end.
    pub(super) async fn ended(&self, mut request: Option<CloseRequest>) -> OwnerEnd {
        let _waiting = EndWaiter::begin(&self.waiters);
        let mut end = pin!(self.end.wait());
        let end = poll_fn(|cx| {
            // In this order: who asks waits by then, so that a failure is told here, and not reported as well.
            let ended = end.as_mut().poll(cx);
            if let Some(request) = request.take() {
                self.close(request);
            }
            ended
        });
        end.await.clone()
    }

    /// There will be no resource: the caller that entered it is told why, or else it is reported.
    pub(super) fn refuse(&self, why: impl Into<Undelivered>) -> OwnerEnd {
        *self.not_entered.lock() = Some(why.into());
        OwnerEnd::unentered()
    }

    /// Why there is no resource, for who tells it.
    pub(super) fn not_entered(&self) -> OneFailure {
        let why = self.not_entered.lock().take();
        let text = "its task was dropped while it entered, as the end of a runtime does";
        let dropped = || Error::of(self.subject(), Phase::Enter, ErrorKind::Lost, text.into()).into();
        why.map_or_else(dropped, Undelivered::deliver)
    }

    /// It ended before anybody had asked for that.
    pub(super) fn die(&self, death: OwnerDeath) {
        let failed = Failed::Died(death.death.clone());
        *self.death.lock() = Some(death);
        self.source.fail(&failed);
    }

    /// For its end.
    pub(super) fn take_death(&self) -> Option<OwnerDeath> {
        self.death.lock().take()
    }

    /// Why it takes no more calls.
    pub(super) fn closed(&self) -> Error {
        // In this order: what is no longer about to end has ended.
        let closing = match &*self.stage.lock() {
            OwnerStage::Closing(request) | OwnerStage::Finishing(_, request) => Some(request.why.text().to_owned()),
            OwnerStage::Open(_) | OwnerStage::Ended => None,
        };
        let why = closing.or_else(|| self.has_ended().map(|end| end.why().to_owned()));
        // Neither asked to end nor at its end, and yet it has refused a call: its task is being dropped just now.
        let why = why.unwrap_or_else(|| TASK_DROPPED.to_owned());
        self.error(ErrorKind::Closed, why)
    }

    pub(super) fn would_wait_for_itself(&self, what: &str, place: &'static Location<'static>) -> Error {
        let help = match what {
            "with" => "use the resource that is at hand there",
            _ => "do not wait there for its end, which comes after that",
        };
        let text = format!(
            "`{what}` at {place} was called in its own task\n\
             help: {help}; only a task that is not waited for there can call it"
        );
        self.error(ErrorKind::Deadlock, text)
    }

    pub(super) fn error(&self, kind: ErrorKind, text: String) -> Error {
        Error::of(self.subject(), Phase::Body, kind, text.into())
    }

    /// The error of a call that was cancelled.
    pub(super) fn cancelled(&self, why: Cancellation) -> Error {
        Error::cancelled(self.subject(), Phase::Body, why)
    }

    /// What it is called.
    pub(super) fn name(&self) -> Name {
        self.source.name()
    }

    /// Where it was described.
    pub(super) fn place(&self) -> &'static Location<'static> {
        self.subject.place
    }

    pub(super) fn subject(&self) -> Subject {
        Subject { name: self.name(), ..self.subject.clone() }
    }
}

/// A task that waits for the end.
struct EndWaiter<'a>(&'a AtomicUsize);

impl<'a> EndWaiter<'a> {
    fn begin(waiters: &'a AtomicUsize) -> Self {
        waiters.fetch_add(1, Ordering::SeqCst);
        EndWaiter(waiters)
    }
}

impl Drop for EndWaiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Owned for OwnerInner {
    fn subject(&self) -> Subject {
        OwnerInner::subject(self)
    }

    #[cfg(feature = "signal")]
    fn close(&self, place: &'static Location<'static>) {
        OwnerInner::close(self, CloseRequest::closed(place));
    }
}
