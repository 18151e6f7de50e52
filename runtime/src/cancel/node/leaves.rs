//! What a region does for a leaf: a scope in which nothing is live, so that it needs no node.
//!
//! A leaf suffers what its region does, and only that. It has a seat there from its first poll on, since a cancelled body waits for it
//! (law 13); its name and its waker are with the seat.

use std::sync::Arc;
use std::task::Waker;

use super::super::children::{Leaf, Seat};
use super::Node;
use crate::base::entry::Entry;

impl Node {
    /// From here on it counts a leaf as live, unless that is about to be refused (law 14).
    pub(crate) fn seat_leaf(&self, refusable: bool) -> Seat {
        let mut state = self.state.lock();
        if refusable && state.why.is_some() {
            return Seat::NONE;
        }
        state.children.add_leaf()
    }

    /// Says who it is.
    #[cold]
    pub(crate) fn name_leaf(&self, seat: Seat, entry: &Entry) {
        if let Some(leaf) = self.state.lock().children.leaf(seat) {
            leaf.subject.get_or_insert_with(|| entry.subject());
        }
    }

    /// It waits. It answers, if it is asked (law 13), and has this waker from here on, or none if it is polled whenever its
    /// region is.
    pub(crate) fn leaf_waits(&self, seat: Seat, waker: Option<&Waker>) {
        let is_known = {
            let mut state = self.state.lock();
            if state.why.is_some() {
                state.children.answer(seat);
            }
            match (state.children.leaf(seat).map(|leaf| &leaf.waker), waker) {
                (Some(Some(known)), Some(waker)) => known.will_wake(waker),
                (Some(Some(_)), None) | (Some(None), Some(_)) => false,
                (Some(None), None) | (None, _) => true,
            }
        };
        if !is_known {
            let new = waker.cloned();
            let old = self
                .state
                .lock()
                .children
                .leaf(seat)
                .map(|leaf| std::mem::replace(&mut leaf.waker, new));
            drop(old);
        }
    }

    /// It has ended.
    pub(crate) fn leaf_ends(&self, seat: Seat, is_polled: impl FnOnce(&Node) -> bool) {
        self.unseat(|| seat, is_polled);
    }

    /// The node takes its place, below this one, since something is about to be live inside.
    #[cold]
    pub(crate) fn grow_leaf(self: &Arc<Self>, node: Arc<Node>, seat: Seat) -> Arc<Node> {
        let _ = node.parent.set(Arc::clone(self));
        node.sit(seat);
        let (Leaf { subject, waker }, why) = {
            let mut state = self.state.lock();
            let leaf = state.children.grow(seat, Arc::downgrade(&node));
            (leaf, state.why.clone())
        };
        if let Some(subject) = subject {
            node.name(subject);
        }
        node.state.lock().waker = waker;
        if let Some(why) = why {
            node.cancel_inherited(&why.cancellation);
        }
        node
    }

    /// A child has left; the last one of a cancelled body wakes that: if it is being polled, when that poll ends. The seat is asked
    /// for under the lock.
    pub(super) fn unseat(&self, seat: impl FnOnce() -> Seat, is_polled: impl FnOnce(&Node) -> bool) {
        let (_waker, is_last) = {
            let mut state = self.state.lock();
            let seat = seat();
            if seat == Seat::NONE {
                return;
            }
            let waker = state.children.remove(seat);
            (waker, state.why.is_some() && state.children.is_empty())
        };
        if is_last {
            self.last_has_left(is_polled(self));
        }
    }

    #[cold]
    fn last_has_left(&self, is_polled: bool) {
        if is_polled {
            self.count_call();
        } else {
            self.wake();
        }
    }
}
