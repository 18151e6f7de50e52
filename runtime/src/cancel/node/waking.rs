//! Whom a node wakes: when it is cancelled, when it must answer, at its deadline; and how long it then waits.

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
        let is_known = match (&self.state().waker, waker) {
            (Some(known), Some(waker)) => known.will_wake(waker),
            (None, None) => true,
            _ => false,
        };
        if !is_known {
            let new = waker.cloned();
            let old = std::mem::replace(&mut self.state().waker, new);
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
        let mut next = Some(self);
        while let Some(node) = next {
            if node.wake_alone() {
                return;
            }
            next = node.parent().map(|parent| &**parent);
        }
    }

    /// Whether it has a waker of its own.
    pub(super) fn wake_alone(&self) -> bool {
        let waker = {
            let mut state = self.state();
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
