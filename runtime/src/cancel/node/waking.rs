//! Whom a node wakes: when it is cancelled, when it must answer, at its deadline; and how long it then waits.

use std::iter::successors;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::Node;
use crate::base::policy::DEFAULT_GRACE;

/// What tells two wakers apart.
fn parts(waker: &Waker) -> [usize; 2] {
    [waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr()]
}

impl Node {
    /// Whom to wake when it is cancelled, when it must answer, or when the last child of its cancelled body has ended. None: it is
    /// polled whenever its parent is, and by the same waker.
    pub(crate) fn set_waker(&self, waker: Option<&Waker>) {
        let is_known = match (&self.state.lock().waker, waker) {
            (Some(known), Some(waker)) => known.will_wake(waker),
            (None, None) => true,
            _ => false,
        };
        if !is_known {
            let new = waker.cloned();
            let old = std::mem::replace(&mut self.state.lock().waker, new);
            drop(old);
        }
    }

    /// It is polled with this waker, by one task at a time.
    #[inline]
    pub(crate) fn polled_with(&self, waker: &Waker) {
        for (known, part) in self.polled_with.iter().zip(parts(waker)) {
            known.store(part, Ordering::Relaxed);
        }
    }

    /// Whether it is polled with this waker, if it is being polled.
    #[inline]
    pub(crate) fn is_polled_with(&self, waker: &Waker) -> bool {
        let known = [0, 1].map(|part| self.polled_with[part].load(Ordering::Relaxed));
        known == parts(waker)
    }

    /// Wakes it, by what is around it if it has no waker of its own.
    pub(crate) fn wake(&self) {
        self.outward().find(|node| node.wake_alone());
    }

    /// Whether it has a waker of its own.
    pub(super) fn wake_alone(&self) -> bool {
        let waker = {
            let mut state = self.state.lock();
            self.count_call();
            state.waker.take()
        };
        waker.map(Waker::wake).is_some()
    }

    /// How often it was to be woken: what changes between its poll and the moment at which there is a waker is not missed.
    #[inline]
    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Acquire)
    }

    /// Released after what it is called for.
    pub(super) fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.state.lock().deadline
    }

    pub(crate) fn set_deadline(&self, deadline: Option<Instant>) {
        self.state.lock().deadline = deadline;
        self.wake();
    }

    /// The earliest deadline of it and of what is around it, up to the first shield.
    pub(crate) fn effective_deadline(&self) -> Option<Instant> {
        let reaching = successors(Some(self), |node| {
            let parent = node.parent().filter(|_| !node.is_shielded())?;
            Some(parent)
        });
        reaching.filter_map(Node::deadline).min()
    }

    pub(crate) fn set_grace(&self, grace: Duration) {
        self.state.lock().grace = Some(grace);
    }

    /// The grace of the innermost region that sets one.
    pub(crate) fn grace(&self) -> Duration {
        let set = self.outward().find_map(|node| node.state.lock().grace);
        set.unwrap_or(DEFAULT_GRACE)
    }

    /// A token that is cancelled together with it.
    #[cfg(feature = "tokio-util")]
    pub(crate) fn token(&self) -> tokio_util::sync::CancellationToken {
        let mut state = self.state.lock();
        let cancelled = state.why.is_some();
        let token = state.token.get_or_insert_default().child_token();
        drop(state);
        if cancelled {
            token.cancel();
        }
        token
    }
}
