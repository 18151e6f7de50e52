//! [`Mailbox`]: the calls that wait for their turn in the task of an owner.
//!
//! They are taken in the order in which they came, or refused, never both and never neither; so many wait at a time and no more. No
//! waker is woken and nothing of a user's is dropped under the lock.

use std::collections::VecDeque;
use std::mem;
use std::task::{Context, Poll, Waker};

use tokio::sync::{Semaphore, TryAcquireError};
use tokio::task::coop::unconstrained;

use crate::base::lock::Lock;

/// `L` is a call on its way; one that is dropped is refused.
pub(super) struct Mailbox<L> {
    calls: Lock<MailboxState<L>>,
    /// Room for more calls.
    room: Semaphore,
}

struct MailboxState<L> {
    waiting: VecDeque<L>,
    is_closed: bool,
    /// Of the task, while it waits for a call.
    worker: Option<Waker>,
}

/// A mailbox, whatever its calls are for.
pub(super) trait Mail: Send + Sync {
    /// No more calls are taken; those that wait are refused.
    fn close(&self);

    /// No more calls are taken; those that wait are.
    fn seal(&self);
}

impl<L: Send> Mail for Mailbox<L> {
    fn close(&self) {
        drop(self.shut(mem::take));
    }

    fn seal(&self) {
        drop(self.shut(|_| VecDeque::new()));
    }
}

impl<L> Mailbox<L> {
    /// At least one call may wait.
    pub(super) fn new(capacity: usize) -> Self {
        Mailbox {
            calls: Lock::new(MailboxState { waiting: VecDeque::new(), is_closed: false, worker: None }),
            room: Semaphore::new(capacity.clamp(1, Semaphore::MAX_PERMITS)),
        }
    }

    /// No more calls are taken; of those that wait, these are to be refused.
    fn shut(&self, refused: fn(&mut VecDeque<L>) -> VecDeque<L>) -> VecDeque<L> {
        let mut calls = self.calls.lock();
        calls.is_closed = true;
        let (refused, worker) = (refused(&mut calls.waiting), calls.worker.take());
        drop(calls);
        self.room.close();
        worker.into_iter().for_each(Waker::wake);
        refused
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
        let mut calls = self.calls.lock();
        if calls.is_closed {
            drop(calls);
            return; // the call is refused here
        }
        calls.waiting.push_back(call);
        let worker = calls.worker.take();
        drop(calls);
        worker.into_iter().for_each(Waker::wake);
    }

    /// The next call; none if it is closed and none is left.
    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<L>> {
        let mut calls = self.calls.lock();
        if let Some(call) = calls.waiting.pop_front() {
            drop(calls);
            self.room.add_permits(1);
            return Poll::Ready(Some(call));
        }
        if calls.is_closed {
            return Poll::Ready(None);
        }
        let old = calls.worker.replace(cx.waker().clone());
        drop(calls);
        drop(old);
        Poll::Pending
    }
}
