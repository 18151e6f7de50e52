//! [`House`]: what the task of an owner and its handles share.

use std::future::poll_fn;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::runtime::Handle;
use tokio::task;

use super::desk::{Desk, Turn};
use super::ended::{Died, Ended, TASK_DROPPED};
use super::farewell::Farewell;
use super::keeper::{Gone, Heard, TellGone};
use crate::base::cause::Phase;
use crate::base::entry::{Entry, Subject};
use crate::base::identity::Within;
use crate::base::panic::Panic;
use crate::base::policy::{Name, Policy};
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::error::{Error, ErrorKind};
use crate::orphan::rescue::{Listing, Owned};
use crate::report::failures::{Failure, Failures, untold};
use crate::report::{self, Report};
use crate::resource::failing::Wire;

pub(super) struct House<J> {
    pub(super) desk: Desk<J, Farewell, Ended>,
    /// The cancel scope of the enter, and around all that follows; closing cancels it as long as that goes on.
    pub(super) entering: Arc<Node>,
    /// The cancel scope of the work; closing cancels it after that.
    pub(super) serving: Arc<Node>,
    /// Under which it was described.
    subject: Subject,
    /// For whoever holds it.
    pub(super) policy: Policy,
    task: OnceLock<task::Id>,
    pub(super) is_entered: AtomicBool,
    /// Whether whoever spawned it has a handle; until then its end is nobody's business but its own.
    pub(super) is_given: AtomicBool,
    /// Where `drain` and `run` find it.
    listing: OnceLock<Listing>,
    line: Mutex<Line>,
    not_entered: Mutex<Option<NotEntered>>,
    /// How many handles there have been.
    handles: AtomicU64,
    /// In which exit it was spawned.
    pub(super) within: Within,
}

/// Why there is no resource.
pub(super) enum NotEntered {
    Failed(Error),
    Panicked(Panic),
}

/// To whoever holds the owner as a resource (law 21).
#[derive(Default)]
struct Line {
    /// One for each handle that somebody holds as a resource.
    wires: Vec<(u64, Wire)>,
    /// What it is called there.
    name: Option<Name>,
    died: Option<Died>,
}

impl Line {
    fn detach(&mut self, handle: u64) -> Option<(u64, Wire)> {
        let at = self.wires.iter().position(|(of, _)| *of == handle)?;
        Some(self.wires.swap_remove(at))
    }
}

impl<J: Send + 'static> House<J> {
    pub(super) fn new(runtime: &Handle, capacity: usize, entry: &Entry) -> Arc<Self> {
        let subject = entry.subject();
        let node = || {
            let node = Node::new();
            node.call(|| subject.clone());
            node
        };
        let house = Arc::new(House {
            desk: Desk::new(capacity),
            entering: node(),
            serving: node(),
            subject,
            policy: entry.policy.clone(),
            task: OnceLock::new(),
            is_entered: AtomicBool::new(false),
            is_given: AtomicBool::new(false),
            listing: OnceLock::new(),
            line: Mutex::default(),
            not_entered: Mutex::default(),
            handles: AtomicU64::new(0),
            within: Within::here(),
        });
        let owner: Arc<dyn Owned> = Arc::clone(&house) as _;
        let _ = house.listing.set(Listing::of(runtime.id(), &owner));
        house
    }
}

impl<J> House<J> {
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

    /// Has it end, if nobody has by now: what it runs unwinds, then it exits.
    pub(super) fn close(&self, farewell: Farewell) {
        let why = farewell.why.clone();
        if let Some(refused) = self.desk.close(farewell) {
            self.closing(&why);
            for job in refused {
                self.refuse_work(job);
            }
        }
    }

    /// Work that never runs is dropped. What panics in its destructor is no matter of whoever closes this.
    fn refuse_work(&self, job: J) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(job))) {
            let failure = Failure::panicked(self.subject(), Phase::Body, panic);
            report::send(&Report::failed(&failure.error));
        }
    }

    /// The number of a new handle.
    pub(super) fn number(&self) -> u64 {
        self.handles.fetch_add(1, Ordering::Relaxed)
    }

    /// A handle less.
    pub(super) fn let_go(&self, handle: u64) {
        let wire = lock(&self.line).detach(handle);
        drop(wire);
        if self.desk.let_go() {
            self.close(Farewell::abandoned(self.subject.place));
        }
    }

    fn closing(&self, why: &Cancellation) {
        if let Some(listing) = self.listing.get() {
            listing.ask(&self.subject());
        }
        // It was closed before this is looked at: the task looks the other way round.
        if self.is_entered.load(Ordering::SeqCst) {
            self.serving.cancel(why);
        } else {
            self.entering.cancel(why);
        }
    }

    /// It is over. A failure that neither the keeper tells nor anybody waits for is told to those who drain, or reported.
    pub(super) fn end(&self, ended: Ended, keeper: Option<TellGone>) {
        let gone = Gone(ended.clone());
        let heard = keeper.map_or(Heard::NOTHING, |tell| tell(&gone));
        let untold = if heard.tells || self.desk.is_watched() {
            None
        } else {
            ended.untold()
        };
        // Before anybody is told: who is must find it neither among the live nor among those that end.
        if let Some(listing) = self.listing.get() {
            listing.end(Failures::of(untold.into_iter().collect()));
        }
        self.desk.end(ended);
        drop(heard.then);
    }

    /// How it ended, after it did.
    pub(super) async fn ended(&self) -> Ended {
        let mut waiting = Waiting {
            house: self,
            turn: None,
        };
        poll_fn(|cx| self.desk.poll_end(&mut waiting.turn, cx)).await
    }

    /// Has it end, and waits for that.
    pub(super) async fn closed_by(&self, farewell: Farewell) -> Ended {
        let mut farewell = Some(farewell);
        let mut waiting = Waiting {
            house: self,
            turn: None,
        };
        poll_fn(|cx| {
            let ended = self.desk.poll_end(&mut waiting.turn, cx);
            // Who asks waits by now, so that a failure is told there and not reported as well.
            if let Some(farewell) = farewell.take() {
                self.close(farewell);
            }
            ended
        })
        .await
    }

    pub(super) fn refuse(&self, why: NotEntered) {
        *lock(&self.not_entered) = Some(why);
    }

    pub(super) fn not_entered(&self) -> Option<NotEntered> {
        lock(&self.not_entered).take()
    }

    /// Those who hold it are told there if it dies, and it is called as they call it.
    pub(super) fn attach(&self, handle: u64, wire: Wire) {
        let mut line = lock(&self.line);
        line.name = Some(wire.subject().name.clone());
        if let Some(died) = line.died.clone() {
            drop(line);
            return wire.cut(&died.death);
        }
        let old = line.detach(handle);
        line.wires.push((handle, wire));
        drop(line);
        drop(old);
    }

    /// It ended before anybody had asked for that.
    pub(super) fn die(&self, died: &Died) {
        let wires = {
            let mut line = lock(&self.line);
            line.died = Some(died.clone());
            mem::take(&mut line.wires)
        };
        for (_, wire) in wires {
            wire.cut(&died.death);
        }
    }

    /// What it died of, if it did.
    pub(super) fn died(&self) -> Option<Died> {
        lock(&self.line).died.clone()
    }

    /// What it does not do any more.
    pub(super) fn closed(&self) -> Error {
        // In this order: what is no longer about to end has ended.
        let closing = self.desk.farewell();
        let why = closing
            .map(|farewell| farewell.why.text().to_owned())
            .or_else(|| self.desk.ended().map(|ended| ended.why().to_owned()));
        // Neither asked to end nor at its end, and yet it has refused work: its task is being dropped just now.
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

    /// What it is called.
    pub(super) fn name(&self) -> Name {
        let given = lock(&self.line).name.clone();
        given.unwrap_or_else(|| self.subject.name.clone())
    }

    /// Where it was described.
    pub(super) fn place(&self) -> &'static Location<'static> {
        self.subject.place
    }

    pub(super) fn subject(&self) -> Subject {
        Subject {
            name: self.name(),
            place: self.subject.place,
        }
    }
}

/// Whoever was to hear why there is no resource has gone.
impl<J> Drop for House<J> {
    fn drop(&mut self) {
        match self.not_entered() {
            None => {}
            Some(NotEntered::Failed(error)) => untold(error),
            Some(NotEntered::Panicked(panic)) => {
                let failure = Failure::panicked(self.subject(), Phase::Enter, panic);
                drop(Failures::from_iter([failure]));
            }
        }
    }
}

impl<J: Send + 'static> Owned for House<J> {
    fn subject(&self) -> Subject {
        House::subject(self)
    }

    #[cfg(feature = "signal")]
    fn close(&self, place: &'static Location<'static>) {
        House::close(self, Farewell::closed(place));
    }
}

/// Somebody who waits for the end.
struct Waiting<'a, J> {
    house: &'a House<J>,
    turn: Option<Turn>,
}

impl<J> Drop for Waiting<'_, J> {
    fn drop(&mut self) {
        if let Some(turn) = self.turn {
            self.house.desk.leave(turn);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
