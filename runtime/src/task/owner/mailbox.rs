//! [`Mailbox`]: where the task of an owner and its handles meet: the calls that wait for their turn, who closes it, and the end.
//!
//! Calls are taken in the order in which they came, or refused, never both and never neither; so many wait at a time and no more.
//! It is closed once, by the first caller that asks for it or by the drop of the last handle (law 4). No waker is woken and nothing
//! of a user's is dropped under the lock.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::{Semaphore, SetOnce, TryAcquireError};
use tokio::task::coop::unconstrained;

use super::close_request::CloseRequest;
use super::end::OwnerEnd;
use crate::cancel::node::Node;

/// `L` is a call on its way; one that is dropped is refused.
pub(super) struct Mailbox<L> {
    state: Mutex<State<L>>,
    /// Room for more calls.
    room: Semaphore,
    handles: AtomicUsize,
    end: SetOnce<OwnerEnd>,
    /// How many tasks wait for the end.
    waiters: AtomicUsize,
}

struct State<L> {
    stage: Stage,
    calls: VecDeque<L>,
    /// The region of the call that runs.
    running: Option<Arc<Node>>,
    /// Of the task, while it waits for a call.
    worker: Option<Waker>,
}

enum Stage {
    Open,
    Closing(CloseRequest),
    Ended,
}

/// What the close of a mailbox has to deal with, without its lock.
pub(super) struct Closed<L> {
    /// The calls that never run.
    pub(super) refused: VecDeque<L>,
    /// The region of the call that runs.
    pub(super) running: Option<Arc<Node>>,
}

impl<L> Mailbox<L> {
    /// With one handle. At least one call may wait.
    pub(super) fn new(capacity: usize) -> Self {
        Mailbox {
            state: Mutex::new(State {
                stage: Stage::Open,
                calls: VecDeque::new(),
                running: None,
                worker: None,
            }),
            room: Semaphore::new(capacity.clamp(1, Semaphore::MAX_PERMITS)),
            handles: AtomicUsize::new(1),
            end: SetOnce::new(),
            waiters: AtomicUsize::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<L>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands in a call, when there is room for it; first come, first served.
    pub(super) async fn submit(&self, call: L) {
        let room = match self.room.try_acquire() {
            // Outside of the budget of the task, so that calls have their turns in the order in which they were first polled.
            Err(TryAcquireError::NoPermits) => unconstrained(self.room.acquire()).await.ok(),
            room => room.ok(),
        };
        if let Some(room) = room {
            room.forget();
            self.push(call);
        }
    }

    fn push(&self, call: L) {
        let mut state = self.state();
        if !matches!(state.stage, Stage::Open) {
            drop(state);
            return; // the call is refused here
        }
        state.calls.push_back(call);
        let worker = state.worker.take();
        drop(state);
        worker.into_iter().for_each(Waker::wake);
    }

    /// The next call, to be run in this region; none if the mailbox is closed.
    pub(super) fn poll_next(&self, region: &Arc<Node>, cx: &mut Context<'_>) -> Poll<Option<L>> {
        let mut state = self.state();
        if !matches!(state.stage, Stage::Open) {
            return Poll::Ready(None);
        }
        let Some(call) = state.calls.pop_front() else {
            let old = state.worker.replace(cx.waker().clone());
            drop(state);
            drop(old);
            return Poll::Pending;
        };
        state.running = Some(Arc::clone(region));
        drop(state);
        self.room.add_permits(1);
        Poll::Ready(Some(call))
    }

    /// The call that ran has ended.
    pub(super) fn rest(&self) {
        let _region = self.state().running.take();
    }
}

/// Closing it.
impl<L> Mailbox<L> {
    /// Another handle.
    pub(super) fn hold(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// One handle less. Whether it was the last one, which then has to close it.
    pub(super) fn let_go(&self) -> bool {
        self.handles.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// No more calls are taken. None if somebody has asked for that before.
    pub(super) fn close(&self, request: CloseRequest) -> Option<Closed<L>> {
        let mut state = self.state();
        if !matches!(state.stage, Stage::Open) {
            drop(state);
            return None;
        }
        state.stage = Stage::Closing(request);
        let refused = mem::take(&mut state.calls);
        let (running, worker) = (state.running.clone(), state.worker.take());
        drop(state);
        self.room.close();
        worker.into_iter().for_each(Waker::wake);
        Some(Closed { refused, running })
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state().stage, Stage::Open)
    }

    /// What the first who closed it said; none if nobody did, or if it is over.
    pub(super) fn close_request(&self) -> Option<CloseRequest> {
        match &self.state().stage {
            Stage::Closing(request) => Some(request.clone()),
            Stage::Open | Stage::Ended => None,
        }
    }
}

/// The end.
impl<L> Mailbox<L> {
    /// It is over.
    pub(super) fn end(&self, end: OwnerEnd) {
        let _old = {
            let mut state = self.state();
            (
                mem::replace(&mut state.stage, Stage::Ended),
                mem::take(&mut state.calls),
            )
        };
        let set = self.end.set(end);
        debug_assert!(set.is_ok(), "an owner ends once");
        self.room.close();
    }

    /// How it ended, if it has.
    pub(super) fn ended(&self) -> Option<OwnerEnd> {
        self.end.get().cloned()
    }

    /// Whether any task waits for the end.
    pub(super) fn is_watched(&self) -> bool {
        self.waiters.load(Ordering::SeqCst) > 0
    }

    /// From here on the caller waits for the end.
    pub(super) fn watch(&self) -> Watching<'_, L> {
        self.waiters.fetch_add(1, Ordering::SeqCst);
        Watching(self)
    }
}

/// A task that waits for the end.
pub(super) struct Watching<'m, L>(&'m Mailbox<L>);

impl<L> Watching<'_, L> {
    pub(super) async fn ended(self) -> OwnerEnd {
        self.0.end.wait().await.clone()
    }
}

impl<L> Drop for Watching<'_, L> {
    fn drop(&mut self) {
        self.0.waiters.fetch_sub(1, Ordering::SeqCst);
    }
}
