//! [`Children`]: what is live directly inside of a node, and which of it says, when asked, that it is still polled (law 13).
//!
//! Asked round by round: in each round a child may answer once. All of it is guarded by the lock of the parent, also the
//! [`ChildSlot`] that each child has.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use super::node::Node;

/// Room for so many is never given back.
const MOST_SPARE: usize = 64;

/// The first child needs no memory of its own, so that a chain of scopes allocates one node each.
#[derive(Default)]
pub(super) struct Children {
    first: Option<Weak<Node>>,
    more: Vec<Weak<Node>>,
    round: u32,
    /// How many have answered in this round.
    answered: usize,
}

/// What a child keeps for its parent: where it sits, and when it answered.
#[derive(Default)]
pub(super) struct ChildSlot {
    at: AtomicUsize,
    answered_in: AtomicU32,
}

/// What is live inside of a cancelled body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    Nothing,
    /// Something that answered in this round.
    Unwinding,
    /// Only what nobody has polled in this round.
    Unpolled,
}

impl Children {
    pub(super) fn add(&mut self, child: &Arc<Node>) {
        let weak = Arc::downgrade(child);
        if self.first.is_none() {
            self.first = Some(weak);
            child.seat().move_to(0);
        } else {
            self.more.push(weak);
            child.seat().move_to(self.more.len());
        }
        child.seat().answer_in(self.round.wrapping_sub(1));
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, child: &Node) -> bool {
        if !self.holds(child) {
            return false;
        }
        if child.seat().answered_in() == self.round {
            self.answered -= 1;
        }
        match child.seat().at().checked_sub(1) {
            None => self.first = None,
            Some(index) => {
                self.more.swap_remove(index);
                self.shrink();
                if let Some(moved) = self.more.get(index).and_then(Weak::upgrade) {
                    moved.seat().move_to(index + 1);
                }
            }
        }
        true
    }

    /// Keeps no room for what once was there: a group may live long.
    fn shrink(&mut self) {
        let (len, room) = (self.more.len(), self.more.capacity());
        if room > MOST_SPARE && len < room / 4 {
            self.more.shrink_to(len * 2);
        }
    }

    /// The child is still polled.
    pub(super) fn answer(&mut self, child: &Node) {
        if child.seat().answered_in() != self.round && self.holds(child) {
            child.seat().answer_in(self.round);
            self.answered += 1;
        }
    }

    pub(super) fn begin_round(&mut self) {
        self.round = self.round.wrapping_add(1);
        self.answered = 0;
    }

    pub(super) fn inside(&self) -> Inside {
        if self.is_empty() {
            Inside::Nothing
        } else if self.answered > 0 {
            Inside::Unwinding
        } else {
            Inside::Unpolled
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_empty()
    }

    pub(super) fn all(&self) -> Vec<Arc<Node>> {
        let all = self.first.iter().chain(&self.more);
        all.filter_map(Weak::upgrade).collect()
    }

    fn holds(&self, child: &Node) -> bool {
        let at_its_seat = match child.seat().at().checked_sub(1) {
            None => self.first.as_ref(),
            Some(index) => self.more.get(index),
        };
        at_its_seat.is_some_and(|held| std::ptr::eq(held.as_ptr(), child))
    }
}

/// Relaxed throughout: the parent's lock orders it.
impl ChildSlot {
    fn at(&self) -> usize {
        self.at.load(Ordering::Relaxed)
    }

    fn move_to(&self, at: usize) {
        self.at.store(at, Ordering::Relaxed);
    }

    fn answered_in(&self) -> u32 {
        self.answered_in.load(Ordering::Relaxed)
    }

    fn answer_in(&self, round: u32) {
        self.answered_in.store(round, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Children, MOST_SPARE};
    use crate::cancel::node::Node;

    #[test]
    fn room_is_given_back() {
        let mut children = Children::default();
        let nodes: Vec<_> = (0..10_000).map(|_| Node::new()).collect();
        for node in &nodes {
            children.add(node);
        }
        for node in &nodes {
            assert!(children.remove(node));
        }
        assert!(children.is_empty());
        assert!(children.more.capacity() <= MOST_SPARE * 2);
    }
}
