//! [`House`]: what the task of an owner and its handles share.

use std::future::poll_fn;
#[cfg(feature = "signal")]
use std::panic::Location;
use std::sync::atomic::AtomicBool;
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
use crate::failures::{Failures, Panic};
use crate::rescue::{Listing, Owned};

pub(super) struct House<J> {
    pub(super) desk: Desk<J, Farewell, Ended>,
    /// The cancel scope of the whole: closing is cancelling it.
    pub(super) node: Arc<Node>,
    pub(super) subject: Subject,
    task: OnceLock<task::Id>,
    pub(super) is_entered: AtomicBool,
    /// Where `drain` and `run` find it.
    listing: OnceLock<Listing>,
    line: Mutex<Line>,
    not_entered: Mutex<Option<NotEntered>>,
    when_ended: Mutex<Option<WhenEnded>>,
}

/// Called when it has ended, without a lock, with what it died of, if nobody else has heard of that.
pub(super) type WhenEnded = Box<dyn FnOnce(Option<Error>) + Send>;

/// Why there is no resource.
pub(super) enum NotEntered {
    Failed(Error),
    Panicked(Panic),
}

/// To whoever holds the owner as a resource (law 21).
#[derive(Default)]
enum Line {
    #[default]
    Nobody,
    To(Wire),
    Died(Death),
}

impl<J: Send + 'static> House<J> {
    pub(super) fn new(runtime: &Handle, capacity: usize, subject: Subject) -> Arc<Self> {
        let node = Node::new();
        node.call(|| subject.clone());
        let house = Arc::new(House {
            desk: Desk::new(capacity),
            node,
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
            listing.ask(&self.subject);
        }
        self.node.cancel(why);
    }

    /// It is over. A failure that nobody waits for is told to those who drain, or reported.
    pub(super) fn end(&self, ended: Ended) {
        // Before anybody is told: who is must not find it among the live.
        if let Some(listing) = self.listing.get() {
            listing.strike_live();
        }
        let untold = ended.clone();
        let is_watched = self.desk.end(ended);
        let failures = if is_watched {
            Vec::new()
        } else {
            untold.tell().err().into_iter().collect()
        };
        if let Some(listing) = self.listing.get() {
            listing.end(Failures::of(failures));
        }
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
        let Some(told) = lock(&self.when_ended).take() else {
            return;
        };
        // The caller of what panicked knows of that, and of its own death the resource has told: but not of the end of this.
        let has_died = matches!(&*lock(&self.line), Line::Died(_));
        let is_told = self.desk.ended().is_some_and(|ended| !ended.is_clean());
        told((has_died && !is_told).then(|| self.closed()));
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

    /// Those who hold it are told there if it dies.
    pub(super) fn attach(&self, wire: Wire) {
        let mut line = lock(&self.line);
        if let Line::Died(death) = &*line {
            let death = death.clone();
            drop(line);
            return wire.cut(&death);
        }
        let old = std::mem::replace(&mut *line, Line::To(wire));
        drop(line);
        drop(old);
    }

    /// It ended before anybody had asked for that.
    pub(super) fn die(&self, death: &Death) {
        let line = std::mem::replace(&mut *lock(&self.line), Line::Died(death.clone()));
        if let Line::To(wire) = line {
            wire.cut(death);
        }
    }

    /// What it does not do any more.
    pub(super) fn closed(&self) -> Error {
        let why = match self.desk.ended() {
            Some(ended) => ended.why().to_owned(),
            None => self
                .node
                .cancellation()
                .map_or_else(String::new, |why| why.to_string()),
        };
        self.error(ErrorKind::Closed, why)
    }

    pub(super) fn would_wait_for_itself(&self, what: &str) -> Error {
        let text = format!(
            "`{what}` was called in the task of the owner itself, which would wait for itself\n\
             help: use the resource that is at hand there, or spawn a task"
        );
        self.error(ErrorKind::Deadlock, text)
    }

    pub(super) fn error(&self, kind: ErrorKind, text: String) -> Error {
        Error::of(self.subject.clone(), Phase::Body, kind, text.into())
    }
}

impl<J: Send + 'static> Owned for House<J> {
    fn subject(&self) -> Subject {
        self.subject.clone()
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
