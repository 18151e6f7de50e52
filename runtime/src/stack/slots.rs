//! [`Slots`]: what is on a stack, in the order in which it came. No user code runs, and nothing is woken or dropped, under
//! their lock.

use std::fmt;
use std::mem;
use std::panic::Location;

use crate::base::entry::{Entry, Subject};
use crate::base::lock::Lock;
use crate::lifespan::kind::{AnyMember, Kind};
use crate::live::Live;
use crate::resource::LocalResource;
use crate::resource::exit::ForMembers;
use crate::resource::failing::Dependents;
use crate::resource::kept::Kept;
use crate::resource::origin::AbandonedFrom;
use crate::scope::abandon::kept;
use crate::scope::held::Held;

/// What a stack is called where something came too late.
pub(super) const STACK: &str = "the exit stack";

pub(super) struct Slots<K: Kind>(Lock<SlotsState<K>>);

/// Which slot: a later one has a larger key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u64);

/// The place of one entry.
pub(super) enum Slot<K: Kind> {
    Here(Box<K::Member>),
    /// It is in the hands of its guard.
    Lent(Subject),
}

struct SlotsState<K: Kind> {
    /// By their keys, so that one in the middle is found when it leaves early.
    slots: Vec<(Key, Slot<K>)>,
    next: u64,
    closed: bool,
    /// Who uses what is on the stack (law 21).
    users: Option<Dependents>,
}

impl<K: Kind> Slots<K> {
    pub(super) fn new(users: Option<Dependents>) -> Self {
        Slots::with(false, users)
    }

    /// There is nothing on them, and nothing comes.
    pub(super) fn closed() -> Self {
        Slots::with(true, None)
    }

    fn with(closed: bool, users: Option<Dependents>) -> Self {
        Slots(Lock::new(SlotsState { slots: Vec::new(), next: 0, closed, users }))
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().slots.len()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.lock().closed
    }

    /// On top of the others.
    pub(super) fn add(&self, slot: Slot<K>) -> Key {
        self.0.lock().add(slot)
    }

    /// As [`add`](Slots::add), for what may come when all is closed: it then comes back (law 25).
    pub(super) fn offer<T>(&self, offered: T, slot: impl FnOnce(T) -> Slot<K>) -> Result<(), T> {
        let mut state = self.0.lock();
        if state.closed {
            drop(state);
            return Err(offered);
        }
        state.add(slot(offered));
        Ok(())
    }

    /// Changes what is in a slot.
    pub(super) fn put(&self, key: Key, slot: Slot<K>) {
        let old = self.0.lock().put(key, slot);
        drop(old);
    }

    /// An entry that leaves early.
    pub(super) fn remove(&self, key: Key) {
        let mut state = self.0.lock();
        let removed = state.find(key).ok().map(|at| state.slots.remove(at));
        drop(state);
        drop(removed);
    }

    /// The youngest. If there is none, none comes any more.
    pub(super) fn pop_or_close(&self) -> Option<Slot<K>> {
        let mut state = self.0.lock();
        let popped = state.slots.pop();
        state.closed = popped.is_none();
        popped.map(|(_, slot)| slot)
    }

    /// None comes any more; the exits of those that are here, the youngest first.
    pub(super) fn close(&self, exit: &ForMembers, from: Option<&AbandonedFrom>) -> Vec<K::Exit> {
        let slots = {
            let mut state = self.0.lock();
            state.closed = true;
            mem::take(&mut state.slots)
        };
        let part = |(_, slot)| match slot {
            Slot::Here(member) => Some(AnyMember::__part(member, exit.clone(), from.cloned())),
            Slot::Lent(_) => None,
        };
        slots.into_iter().rev().filter_map(part).collect()
    }

    pub(super) fn users(&self) -> Option<Dependents> {
        self.0.lock().users.clone()
    }

    /// If one of them fails, it tells these users from now on, and nobody else (law 21).
    pub(super) fn tell(&self, users: &Dependents) {
        let slots = {
            let mut state = self.0.lock();
            state.users = Some(users.clone());
            mem::take(&mut state.slots)
        };
        for (_, slot) in &slots {
            if let Slot::Here(member) = slot {
                member.__tell(users);
            }
        }
        let mut state = self.0.lock();
        let meanwhile = mem::replace(&mut state.slots, slots);
        let old: Vec<_> = meanwhile.into_iter().map(|(key, slot)| state.put(key, slot)).collect();
        drop(state);
        drop(old);
    }
}

impl<K: Kind> SlotsState<K> {
    fn add(&mut self, slot: Slot<K>) -> Key {
        let key = Key(self.next);
        self.next += 1;
        self.slots.push((key, slot));
        key
    }

    /// What was there before.
    fn put(&mut self, key: Key, slot: Slot<K>) -> Option<Slot<K>> {
        match self.find(key) {
            Ok(at) => Some(mem::replace(&mut self.slots[at].1, slot)),
            Err(at) => {
                self.slots.insert(at, (key, slot));
                None
            }
        }
    }

    /// Where it is, or would be.
    fn find(&self, key: Key) -> Result<usize, usize> {
        match self.slots.last() {
            Some((last, _)) if *last == key => Ok(self.slots.len() - 1),
            _ => self.slots.binary_search_by_key(&key, |(key, _)| *key),
        }
    }
}

/// From here on the stack exits it.
pub(super) fn adopted<R: LocalResource>(live: Live<R>, place: &'static Location<'static>) -> Kept<R> {
    let mut held = live.into_held();
    held.leave_task(place);
    let (resource, origin) = held.into_parts();
    kept(resource, origin)
}

/// From here on it is the user's to exit.
pub(super) fn live_of<R: LocalResource>(resource: R, entry: Entry) -> Live<R> {
    Live::new(Held::new(resource, entry))
}

impl<K: Kind> fmt::Debug for Slots<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        f.debug_struct("Slots")
            .field("len", &state.slots.len())
            .field("closed", &state.closed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Slot, Slots};
    use crate::base::entry::{Entry, Subject};
    use crate::base::policy::Policy;
    use crate::lifespan::kind::Sendable;

    fn lent() -> Slot<Sendable> {
        let policy = Policy::of::<()>().named("lent");
        let subject: Subject = Entry::new(policy, std::panic::Location::caller()).subject();
        Slot::Lent(subject)
    }

    /// Between the last exit and the end of the stack, which nobody else can see.
    #[test]
    fn nothing_comes_after_the_last_law_25() {
        let slots = Slots::new(None);
        assert!(slots.offer((), |()| lent()).is_ok());
        assert!(slots.pop_or_close().is_some());
        assert!(slots.offer((), |()| lent()).is_ok());
        assert!(slots.pop_or_close().is_some());
        assert!(slots.pop_or_close().is_none());
        assert!(slots.offer((), |()| lent()).is_err());
    }

    #[test]
    fn what_is_closed_stays_so_law_25() {
        let slots = Slots::<Sendable>::closed();
        assert!(slots.pop_or_close().is_none());
        assert!(slots.offer((), |()| lent()).is_err());
    }
}
