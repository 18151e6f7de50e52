//! [`Desk`]: where the task of an owner and its handles meet: the queue of work, who closes it, the last handle, and the end.
//!
//! A state machine behind one lock and nothing else, so that `models` can check it with a lock that tries every order. What it
//! guarantees: work is taken in the order it came, or refused, never both and never neither; so many pieces wait at a time and
//! no more; it is closed once, by the first who asks or by the last handle; everybody who waits for the end is woken. No waker
//! is woken and nothing of a user's dropped under the lock.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// What locks.
pub(super) trait Locks {
    type Mutex<T>;

    fn mutex<T>(value: T) -> Self::Mutex<T>;

    fn lock<T, O>(mutex: &Self::Mutex<T>, run: impl FnOnce(&mut T) -> O) -> O;
}

/// The locks of the standard library.
pub(super) enum Std {}

impl Locks for Std {
    type Mutex<T> = Mutex<T>;

    fn mutex<T>(value: T) -> Mutex<T> {
        Mutex::new(value)
    }

    fn lock<T, O>(mutex: &Mutex<T>, run: impl FnOnce(&mut T) -> O) -> O {
        run(&mut mutex.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// `J` is a piece of work, `F` what whoever closes it says, `E` how it ended.
pub(super) struct Desk<J, F, E, M: Locks = Std> {
    ledger: M::Mutex<Ledger<J, F, E>>,
}

struct Ledger<J, F, E> {
    stage: Stage<F, E>,
    handles: usize,
    /// How many pieces of work may wait.
    capacity: usize,
    next: u64,
    /// In the order of their turns.
    queue: VecDeque<(Turn, J)>,
    /// Those who wait for room; a waker is taken when there is some.
    waiting: BTreeMap<Turn, Option<Waker>>,
    worker: Option<Waker>,
    watchers: BTreeMap<Turn, Waker>,
}

enum Stage<F, E> {
    Open,
    Closing(F),
    Ended(E),
}

/// The number of somebody who waits: the later they came, the larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn(u64);

/// It takes no more work.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused;

impl<J, F, E, M: Locks> Desk<J, F, E, M> {
    /// With one handle. At least one piece of work may wait.
    pub(super) fn new(capacity: usize) -> Self {
        Desk {
            ledger: M::mutex(Ledger {
                stage: Stage::Open,
                handles: 1,
                capacity: capacity.max(1),
                next: 0,
                queue: VecDeque::new(),
                waiting: BTreeMap::new(),
                worker: None,
                watchers: BTreeMap::new(),
            }),
        }
    }

    fn ledger<O>(&self, run: impl FnOnce(&mut Ledger<J, F, E>) -> O) -> O {
        M::lock(&self.ledger, run)
    }
}

/// Handing in work.
impl<J, F, E, M: Locks> Desk<J, F, E, M> {
    /// Puts the work into the queue, or waits for room; first come, first served. The turn is kept from poll to poll, and
    /// [withdrawn](Desk::withdraw) if nobody waits any more.
    pub(super) fn poll_submit(
        &self,
        job: &mut Option<J>,
        turn: &mut Option<Turn>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        let (submitted, woken, old) = self.ledger(|ledger| {
            if !matches!(ledger.stage, Stage::Open) {
                return (Poll::Ready(Err(Refused)), [None, None], None);
            }
            let known = turn.is_some();
            let turn = *turn.get_or_insert_with(|| ledger.turn());
            if !ledger.is_next(turn) {
                let old = ledger.wait(turn, known, cx.waker());
                return (Poll::Pending, [None, None], old);
            }
            if known {
                ledger.waiting.pop_first();
            }
            if let Some(job) = job.take() {
                ledger.queue.push_back((turn, job));
            }
            let woken = [ledger.worker.take(), ledger.wake_next()];
            (Poll::Ready(Ok(())), woken, None)
        });
        woken.into_iter().flatten().for_each(Waker::wake);
        drop(old);
        submitted
    }

    /// Takes work back that has not begun. None: it never got into the queue, or has left it.
    pub(super) fn withdraw(&self, turn: Turn) -> Option<J> {
        let (job, _waiter, woken) = self.ledger(|ledger| {
            let waiter = ledger.waiting.remove(&turn);
            let queued = ledger.queue.binary_search_by_key(&turn, |(at, _)| *at);
            let job = queued.ok().and_then(|at| ledger.queue.remove(at));
            (job, waiter, ledger.wake_next())
        });
        woken.into_iter().for_each(Waker::wake);
        job.map(|(_, job)| job)
    }
}

/// The task's side.
impl<J, F, E, M: Locks> Desk<J, F, E, M> {
    /// The next piece of work; none if it is closed.
    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<J>> {
        let (next, woken, _old) = self.ledger(|ledger| {
            if !matches!(ledger.stage, Stage::Open) {
                return (Poll::Ready(None), None, None);
            }
            if let Some((_, job)) = ledger.queue.pop_front() {
                return (Poll::Ready(Some(job)), ledger.wake_next(), None);
            }
            let old = ledger.worker.replace(cx.waker().clone());
            (Poll::Pending, None, old)
        });
        woken.into_iter().for_each(Waker::wake);
        next
    }

    /// What the first who closed it said; none if nobody did, or if it is over.
    pub(super) fn farewell(&self) -> Option<F>
    where
        F: Clone,
    {
        self.ledger(|ledger| match &ledger.stage {
            Stage::Closing(farewell) => Some(farewell.clone()),
            Stage::Open | Stage::Ended(_) => None,
        })
    }

    /// Whether anybody waits for its end.
    pub(super) fn is_watched(&self) -> bool {
        self.ledger(|ledger| !ledger.watchers.is_empty())
    }

    /// It is over.
    pub(super) fn end(&self, end: E) {
        let (_queue, waiting, watchers, _old) = self.ledger(|ledger| {
            let (queue, waiting) = ledger.clear();
            let old = mem::replace(&mut ledger.stage, Stage::Ended(end));
            (queue, waiting, mem::take(&mut ledger.watchers), old)
        });
        let waiting = waiting.into_values().flatten();
        watchers.into_values().chain(waiting).for_each(Waker::wake);
    }
}

/// Closing it, and waiting for the end.
impl<J, F, E, M: Locks> Desk<J, F, E, M> {
    /// Another handle.
    pub(super) fn hold(&self) {
        self.ledger(|ledger| ledger.handles += 1);
    }

    /// One handle less. Whether it was the last one, who then has to close it.
    pub(super) fn let_go(&self) -> bool {
        self.ledger(|ledger| {
            ledger.handles -= 1;
            ledger.handles == 0
        })
    }

    /// No more work is taken. If this is the first to ask for it, gives what waits, which is refused by being dropped.
    pub(super) fn close(&self, farewell: F) -> Option<Vec<J>> {
        let (queue, waiting, worker) = self.ledger(|ledger| {
            if !matches!(ledger.stage, Stage::Open) {
                return None;
            }
            ledger.stage = Stage::Closing(farewell);
            let (queue, waiting) = ledger.clear();
            Some((queue, waiting, ledger.worker.take()))
        })?;
        let waiting = waiting.into_values().flatten();
        waiting.chain(worker).for_each(Waker::wake);
        Some(queue.into_iter().map(|(_, job)| job).collect())
    }

    /// How it ended. The turn is kept from poll to poll, and [given up](Desk::leave) if nobody waits any more.
    pub(super) fn poll_end(&self, turn: &mut Option<Turn>, cx: &mut Context<'_>) -> Poll<E>
    where
        E: Clone,
    {
        let (end, _old) = self.ledger(|ledger| {
            if let Stage::Ended(end) = &ledger.stage {
                return (Poll::Ready(end.clone()), None);
            }
            let turn = *turn.get_or_insert_with(|| ledger.turn());
            (Poll::Pending, ledger.watchers.insert(turn, cx.waker().clone()))
        });
        end
    }

    /// Somebody no longer waits for the end.
    pub(super) fn leave(&self, turn: Turn) {
        let _left = self.ledger(|ledger| ledger.watchers.remove(&turn));
    }

    /// Whether work is taken.
    pub(super) fn is_open(&self) -> bool {
        self.ledger(|ledger| matches!(ledger.stage, Stage::Open))
    }

    /// How it ended, if it has.
    pub(super) fn ended(&self) -> Option<E>
    where
        E: Clone,
    {
        self.ledger(|ledger| match &ledger.stage {
            Stage::Ended(end) => Some(end.clone()),
            Stage::Open | Stage::Closing(_) => None,
        })
    }
}

type Cleared<J> = (VecDeque<(Turn, J)>, BTreeMap<Turn, Option<Waker>>);

impl<J, F, E> Ledger<J, F, E> {
    fn turn(&mut self) -> Turn {
        self.next += 1;
        Turn(self.next)
    }

    /// Whether there is room for this one, and nobody has waited longer.
    fn is_next(&self, turn: Turn) -> bool {
        let first = self.waiting.first_key_value();
        let is_first = first.is_none_or(|(first, _)| *first == turn);
        is_first && self.queue.len() < self.capacity
    }

    /// Gives the waker that is not needed any more.
    fn wait(&mut self, turn: Turn, known: bool, waker: &Waker) -> Option<Waker> {
        if known {
            let place = self.waiting.get_mut(&turn);
            return place.and_then(|old| old.replace(waker.clone()));
        }
        self.waiting.insert(turn, Some(waker.clone()));
        None
    }

    /// Who waits longest, if there is room.
    fn wake_next(&mut self) -> Option<Waker> {
        if self.queue.len() < self.capacity {
            self.waiting.first_entry()?.get_mut().take()
        } else {
            None
        }
    }

    fn clear(&mut self) -> Cleared<J> {
        (mem::take(&mut self.queue), mem::take(&mut self.waiting))
    }
}
