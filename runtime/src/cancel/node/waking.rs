//! Whom a node wakes: when it is cancelled, when it must answer, at its deadline; and how long it then waits.

use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::Node;
use crate::base::policy::DEFAULT_GRACE;

impl Node {
    /// Whom to wake when it is cancelled, when it must answer, or when the last child of its cancelled body has ended.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        let is_known = |known: &Waker| known.will_wake(waker);
        if self.state().waker.as_ref().is_some_and(is_known) {
            return;
        }
        let new = waker.clone();
        let old = self.state().waker.replace(new);
        drop(old);
    }

    pub(crate) fn wake(&self) {
        let waker = {
            let mut state = self.state();
            self.calls.fetch_add(1, Ordering::Relaxed);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// How often it was to be woken: what changes between its poll and the moment at which there is a waker is not missed.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.state().deadline
    }

    pub(crate) fn set_deadline(&self, deadline: Option<Instant>) {
        self.state().deadline = deadline;
        self.wake();
    }

    /// The earliest deadline of it and of what is around it, up to the first shield.
    pub(crate) fn effective_deadline(&self) -> Option<Instant> {
        let mut earliest = self.deadline();
        let mut node = self;
        while let (false, Some(parent)) = (node.is_shielded(), node.parent.get()) {
            earliest = match (earliest, parent.deadline()) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            node = parent;
        }
        earliest
    }

    pub(crate) fn set_grace(&self, grace: Duration) {
        self.state().grace = Some(grace);
    }

    /// The grace of the innermost region that sets one.
    pub(crate) fn grace(&self) -> Duration {
        let mut node = self;
        loop {
            if let Some(grace) = node.state().grace {
                return grace;
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => return DEFAULT_GRACE,
            }
        }
    }

    /// A token that is cancelled together with it.
    #[cfg(feature = "tokio-util")]
    pub(crate) fn token(&self) -> tokio_util::sync::CancellationToken {
        let mut state = self.state();
        let cancelled = state.why.is_some();
        let token = state.token.get_or_insert_default().child_token();
        drop(state);
        if cancelled {
            token.cancel();
        }
        token
    }
}
