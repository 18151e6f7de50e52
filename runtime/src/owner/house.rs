//! [`House`]: what the task of an owner and its handles share.

use std::future::poll_fn;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::runtime::Handle;
use tokio::task;

use super::desk::{Desk, Turn};
use super::ended::Ended;
use super::farewell::Farewell;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::entry::Subject;
use crate::error::{Error, ErrorKind, Phase};
use crate::failing::{Death, Wire};
use crate::failures::{Failures, Panic, rendered};
use crate::policy::Name;
use crate::rescue::{Listing, Owned};

pub(super) struct House<J> {
    pub(super) desk: Desk<J, Farewell, Ended>,
    /// The cancel scope of the enter, and around all that follows; closing cancels it as long as that goes on.
    pub(super) entering: Arc<Node>,
    /// The cancel scope of the work; closing cancels it after that.
    pub(super) serving: Arc<Node>,
    /// Under which it was described.
    subject: Subject,
    task: OnceLock<task::Id>,
    pub(super) is_entered: AtomicBool,
    /// Where `drain` and `run` find it.
    listing: OnceLock<Listing>,
    line: Mutex<Line>,
    not_entered: Mutex<Option<NotEntered>>,
    when_ended: Mutex<Option<WhenEnded>>,
}

/// Called when it has ended, without a lock.
pub(super) type WhenEnded = Box<dyn FnOnce() + Send>;

/// Why there is no resource.
pub(super) enum NotEntered {
    Failed(Error),
    Panicked(Panic),
}

/// To whoever holds the owner as a resource (law 21).
#[derive(Default)]
struct Line {
    wire: Option<Wire>,
    /// What it is called there.
    name: Option<Name>,
    /// Shared: for all who ask, and told once to those who hold it.
    died: Option<(Error, Death)>,
}

impl<J: Send + 'static> House<J> {
    pub(super) fn new(runtime: &Handle, capacity: usize, subject: Subject) -> Arc<Self> {
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
            task: OnceLock::new(),
            is_entered: AtomicBool::new(false),
            listing: OnceLock::new(),
            line: Mutex::default(),
            not_entered: Mutex::default(),
            when_ended: Mutex::default(),
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
        if self.desk.close(farewell) {
            self.closing(&why);
        }
    }

    /// A handle less.
    pub(super) fn let_go(&self) {
        let mut why = None;
        let farewell = || {
            let farewell = Farewell::abandoned(self.subject.place);
            why = Some(farewell.why.clone());
            farewell
        };
        if let (true, Some(why)) = (self.desk.let_go(farewell), why) {
            self.closing(&why);
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

    /// It is over. A failure that nobody waits for is told to those who drain, or reported.
    pub(super) fn end(&self, ended: Ended) {
        let untold = if self.desk.is_watched() {
            None
        } else {
            ended.untold()
        };
        // Before anybody is told: who is must find it neither among the live nor among those that end.
        if let Some(listing) = self.listing.get() {
            listing.end(Failures::of(untold.into_iter().collect()));
        }
        self.desk.end(ended);
        self.tell_end();
    }

    pub(super) fn when_ended(&self, told: WhenEnded) {
        *lock(&self.when_ended) = Some(told);
        // If it had ended by then, nobody else calls it.
        if self.desk.ended().is_some() {
            self.tell_end();
        }
    }

    fn tell_end(&self) {
        let told = lock(&self.when_ended).take();
        if let Some(told) = told {
            told();
        }
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
    pub(super) fn attach(&self, wire: Wire) {
        let mut line = lock(&self.line);
        line.name = Some(wire.subject().name.clone());
        if let Some((_, death)) = &line.died {
            let death = death.clone();
            drop(line);
            return wire.cut(&death);
        }
        let old = line.wire.replace(wire);
        drop(line);
        drop(old);
    }

    /// It ended before anybody had asked for that.
    pub(super) fn die(&self, error: Error) {
        let error = error.shared();
        let death = Death::new(error.again().into());
        let wire = {
            let mut line = lock(&self.line);
            line.died = Some((error, death.clone()));
            line.wire.take()
        };
        if let Some(wire) = wire {
            wire.cut(&death);
        }
    }

    /// What it died of, if it did.
    pub(super) fn died(&self) -> Option<(Error, Death)> {
        let line = lock(&self.line);
        let (error, death) = line.died.as_ref()?;
        Some((error.again(), death.clone()))
    }

    /// What it does not do any more.
    pub(super) fn closed(&self) -> Error {
        let ended = self.desk.ended().map(|ended| ended.why().to_owned());
        let closed = || self.desk.farewell().map(|farewell| rendered(&farewell.why));
        // Between the two it may have ended.
        let why = ended
            .or_else(closed)
            .or_else(|| self.desk.ended().map(|ended| ended.why().to_owned()));
        self.error(ErrorKind::Closed, why.unwrap_or_default())
    }

    pub(super) fn would_wait_for_itself(
        &self,
        what: &str,
        place: &'static Location<'static>,
    ) -> Error {
        let text = format!(
            "`{what}` at {place} was called in its own task\n\
             help: use the resource that is at hand there; only a task that is not waited for there can call it"
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
