//! [`Children`]: what is live directly inside of a region, each with a seat, and which of it says, when asked, that it is still
//! polled (law 13).
//!
//! A child is a node, or a leaf: a scope with nothing live inside has no node, and its seat knows its name, for reports, and
//! whom to wake. They are asked round by round: in each round a child may answer once, and one that leaves takes its answer with it.
//! All of it is guarded by the lock of the region.

use std::sync::{Arc, Weak};
use std::task::Waker;

use crate::base::entry::Subject;

/// Room for so many is kept when nothing is live.
const MOST_SPARE: usize = 64;

#[derive(Default)]
pub(super) struct Children<N> {
    /// It needs no memory of its own, so that a chain of scopes allocates no list.
    first: ChildPlace<N>,
    more: Vec<ChildPlace<N>>,
    /// A free place of `more`, which knows the next.
    free: Seat,
    live: usize,
    round: u32,
    /// How many have answered in this round.
    answered: usize,
}

/// Where a child sits: the first place is one, the others follow. It leaves three bits for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seat(pub(super) u32);

impl Seat {
    /// Of what is not counted as live.
    pub(crate) const NONE: Seat = Seat(0);
    const FIRST: Seat = Seat(1);
}

struct ChildPlace<N> {
    child: ChildSeat<N>,
    answered_in: u32,
}

enum ChildSeat<N> {
    /// And the next one that is free, if it stands in `more`.
    Nobody(Seat),
    Node(Weak<N>),
    Leaf(Leaf),
}

/// A scope with nothing live inside.
#[derive(Default)]
pub(super) struct Leaf {
    pub(super) subject: Option<Subject>,
    /// Whom to wake for it, unless it is polled whenever its region is.
    pub(super) waker: Option<Waker>,
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

impl<N> Default for ChildPlace<N> {
    fn default() -> Self {
        ChildPlace { child: ChildSeat::Nobody(Seat::NONE), answered_in: 0 }
    }
}

impl<N> Children<N> {
    pub(super) fn add(&mut self, node: Weak<N>) -> Seat {
        self.seat(ChildSeat::Node(node))
    }

    pub(super) fn add_leaf(&mut self) -> Seat {
        self.seat(ChildSeat::Leaf(Leaf::default()))
    }

    fn seat(&mut self, child: ChildSeat<N>) -> Seat {
        self.live += 1;
        let answered_in = self.round.wrapping_sub(1);
        let place = ChildPlace { child, answered_in };
        if let ChildSeat::Nobody(_) = self.first.child {
            self.first = place;
            return Seat::FIRST;
        }
        self.seat_beside(place)
    }

    fn seat_beside(&mut self, place: ChildPlace<N>) -> Seat {
        let seat = self.free;
        let Some(free) = self.place(seat) else {
            self.more.push(place);
            return Seat(u32::try_from(self.more.len()).map_or(0, |at| at + 1));
        };
        if let ChildSeat::Nobody(next) = std::mem::replace(free, place).child {
            self.free = next;
        }
        seat
    }

    fn place(&mut self, seat: Seat) -> Option<&mut ChildPlace<N>> {
        match seat {
            Seat::NONE => None,
            Seat::FIRST => Some(&mut self.first),
            Seat(at) => self.more.get_mut(at as usize - 2),
        }
    }

    /// A leaf gives its waker back, to be dropped without the lock. The seat must be that of a child.
    pub(super) fn remove(&mut self, seat: Seat) -> Option<Waker> {
        let (free, round) = (self.free, self.round);
        let place = self.place(seat)?;
        let has_answered = place.answered_in == round;
        let waker = match &mut place.child {
            ChildSeat::Leaf(leaf) => leaf.waker.take(),
            ChildSeat::Node(_) | ChildSeat::Nobody(_) => None,
        };
        place.child = ChildSeat::Nobody(free);
        if seat != Seat::FIRST {
            self.free = seat;
        }
        self.live -= 1;
        self.answered -= usize::from(has_answered);
        if self.live == 0 && !self.more.is_empty() {
            self.forget_room();
        }
        waker
    }

    /// Keeps no room for what once was there: a group may live long.
    #[cold]
    fn forget_room(&mut self) {
        self.free = Seat::NONE;
        self.more.clear();
        self.more.shrink_to(MOST_SPARE);
    }

    /// As [`remove`](Children::remove), if it is this node that sits there: whether it was.
    pub(super) fn remove_node(&mut self, seat: Seat, node: &N) -> bool {
        let child = self.place(seat).map(|place| &place.child);
        let is_there = matches!(child, Some(ChildSeat::Node(held)) if std::ptr::eq(held.as_ptr(), node));
        if is_there {
            self.remove(seat);
        }
        is_there
    }

    pub(super) fn leaf(&mut self, seat: Seat) -> Option<&mut Leaf> {
        match &mut self.place(seat)?.child {
            ChildSeat::Leaf(leaf) => Some(leaf),
            ChildSeat::Node(_) | ChildSeat::Nobody(_) => None,
        }
    }

    /// Something is live in the leaf from now on, so that it has a node.
    pub(super) fn grow(&mut self, seat: Seat, node: Weak<N>) -> Leaf {
        let place = self.place(seat);
        match place.map(|place| std::mem::replace(&mut place.child, ChildSeat::Node(node))) {
            Some(ChildSeat::Leaf(leaf)) => leaf,
            _ => Leaf::default(),
        }
    }

    /// The child is still polled.
    pub(super) fn answer(&mut self, seat: Seat) {
        let round = self.round;
        if let Some(place) = self.place(seat).filter(|place| place.answered_in != round) {
            place.answered_in = round;
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
        self.live == 0
    }

    fn all(&self) -> impl Iterator<Item = &ChildSeat<N>> {
        std::iter::once(&self.first).chain(&self.more).map(|place| &place.child)
    }

    pub(super) fn nodes(&self) -> Vec<Arc<N>> {
        let nodes = self.all().filter_map(|child| match child {
            ChildSeat::Node(node) => node.upgrade(),
            ChildSeat::Leaf(_) | ChildSeat::Nobody(_) => None,
        });
        nodes.collect()
    }

    /// The names of the leaves, as far as they are known.
    pub(super) fn leaves(&self) -> Vec<Subject> {
        let subjects = self.all().filter_map(|child| match child {
            ChildSeat::Leaf(leaf) => leaf.subject.clone(),
            ChildSeat::Node(_) | ChildSeat::Nobody(_) => None,
        });
        subjects.collect()
    }

    /// The wakers of the leaves, to be woken without the lock.
    pub(super) fn take_wakers(&mut self, wakers: &mut Vec<Waker>) {
        let places = std::iter::once(&mut self.first).chain(&mut self.more);
        wakers.extend(places.filter_map(|place| match &mut place.child {
            ChildSeat::Leaf(leaf) => leaf.waker.take(),
            ChildSeat::Node(_) | ChildSeat::Nobody(_) => None,
        }));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::{Children, Inside, MOST_SPARE, Seat};

    #[test]
    fn room_is_given_back() {
        let mut children = Children::default();
        let seats: Vec<_> = (0..10_000).map(|_| children.add(Weak::<()>::new())).collect();
        for &seat in &seats[1..] {
            children.remove(seat);
        }
        assert!(!children.is_empty());
        children.remove(seats[0]);
        assert!(children.is_empty());
        assert!(children.more.capacity() <= MOST_SPARE * 2);
    }

    /// Whatever the order in which they come and go, each has a seat of its own.
    #[test]
    fn seats_are_taken_again() {
        let mut children = Children::<()>::default();
        let seats = [(); 5].map(|()| children.add_leaf());
        for index in [0, 3, 1] {
            children.remove(seats[index]);
        }
        let mut again = [(); 4].map(|()| children.add_leaf());
        again.sort_by_key(|seat| seat.0);
        assert_eq!(again, [Seat(1), Seat(2), Seat(4), Seat(6)]);
    }

    #[test]
    fn answers_leave_with_the_child() {
        let mut children = Children::<()>::default();
        let (silent, polled) = (children.add_leaf(), children.add_leaf());
        children.begin_round();
        children.answer(polled);
        children.answer(polled);
        assert_eq!(children.inside(), Inside::Unwinding);
        children.remove(polled);
        assert_eq!(children.inside(), Inside::Unpolled);
        children.remove(silent);
        assert_eq!(children.inside(), Inside::Nothing);
    }
}
