//! [`Registry`]: who has which key, and who waits for it.
//!
//! A key is free, reserved by one that is about to enter, or a member's until its owner is gone, or until one that has entered beside it
//! takes its place. What it guarantees: one at a time has a key, and each that waits for it has its turn; once the map is closed nobody
//! enters; and no owner and no key is dropped, nobody woken and nothing reported under the lock. Keys are hashed, compared and cloned
//! under it.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::mem;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::deferred::Deferred;
use super::error::Refusal;
use crate::base::lock::Lock;
use crate::resource::ScopedResource;
use crate::task::owner::{Owner, OwnerEnd, OwnerState};

/// What keys can do.
pub(super) trait MapKey: Clone + Eq + Hash + fmt::Debug + Send + 'static {}

impl<K: Clone + Eq + Hash + fmt::Debug + Send + 'static> MapKey for K {}

pub(super) struct Registry<K, R> {
    state: Lock<MapState<K, R>>,
    /// No member is left of a map that closes.
    pub(super) emptied: Arc<Notify>,
}

pub(super) struct MapState<K, R> {
    slots: HashMap<K, MapSlot<R>>,
    pub(super) stage: MapStage,
    /// How many have a key, are about to, or had one and have not exited.
    pub(super) members: usize,
    next: u64,
}

pub(super) enum MapStage {
    Open,
    /// So many exits wait, of the map and its clones, and tell what failed in these.
    Closing {
        exits: usize,
        failed: Vec<OwnerEnd>,
    },
    Closed,
}

/// What there is under a key.
struct MapSlot<R> {
    member: Option<MapMember<R>>,
    /// One that enters beside that, and then takes its place.
    coming: Option<MapMember<R>>,
    /// Those whose place was taken like this, until they have exited.
    leaving: Vec<MapMember<R>>,
    /// Those that wait for the key, and where the last of them was called.
    turns: Waiters,
    called: &'static Location<'static>,
    /// Those that wait for a member, whoever that is: they come after all others.
    joiners: Waiters,
}

/// Who has a key.
struct MapMember<R> {
    number: u64,
    /// None until its task begins.
    owner: Option<Owner<R>>,
    is_entered: bool,
}

/// Those that wait for a key look again when they are notified.
#[derive(Default)]
struct Waiters {
    count: usize,
    look: Arc<Notify>,
}

/// What to do about one that has the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OnTaken {
    Refuse,
    Replace,
    /// Enter beside it, and then take its place.
    Renew,
    /// Be content with it.
    Join,
}

/// What there is for one that comes.
pub(super) enum Look<R> {
    /// The key is reserved for it, under this number.
    Reserved(u64),
    /// For one that is content with it.
    There(Owner<R>),
    /// Not yet: it is to look again then.
    Wait(OwnedNotified),
    Refused(Refusal),
}

impl<K, R> Registry<K, R> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Registry {
            state: Lock::new(MapState { slots: HashMap::new(), stage: MapStage::Open, members: 0, next: 0 }),
            emptied: Arc::default(),
        })
    }

    /// What is deferred is done without the lock.
    pub(super) fn locked<T>(&self, run: impl FnOnce(&mut MapState<K, R>, &mut Deferred) -> T) -> T {
        let mut deferred = Deferred::default();
        let done = run(&mut self.state.lock(), &mut deferred);
        drop(deferred);
        done
    }
}

/// Coming.
impl<K: MapKey, R: ScopedResource> Registry<K, R> {
    /// Looks for a place. One that has to wait is counted from its first look on, until it [leaves](Self::leave).
    pub(super) fn look(
        &self,
        key: &K,
        on_taken: OnTaken,
        is_waiting: bool,
        place: &'static Location<'static>,
    ) -> Look<R> {
        self.locked(|state, deferred| {
            if !matches!(state.stage, MapStage::Open) {
                return Look::Refused(Refusal::Closed);
            }
            state.next += 1;
            let number = state.next;
            if !state.slots.contains_key(key) {
                state.slots.insert(key.clone(), MapSlot::new(place));
            }
            let Some(slot) = state.slots.get_mut(key) else {
                unreachable!("it is there, unless two keys are equal and then not")
            };
            let refuses = on_taken == OnTaken::Refuse && !is_waiting;
            if refuses && slot.is_promised() {
                return Look::Refused(Refusal::Taken);
            }
            match &slot.member {
                // Those that wait have their turns first.
                None if slot.turns.count == 0 || is_waiting && on_taken != OnTaken::Join => {
                    slot.member = Some(MapMember::new(number));
                    state.members += 1;
                    return Look::Reserved(number);
                }
                None => {}
                Some(member) => {
                    let stays = member.live().filter(|_| slot.turns.count == 0);
                    if let (OnTaken::Join, Some(owner)) = (on_taken, stays) {
                        return Look::There(owner.clone());
                    }
                    if let (OnTaken::Renew, Some(_)) = (on_taken, stays) {
                        if slot.coming.is_some() {
                            return Look::Refused(Refusal::Taken);
                        }
                        slot.called = place;
                        slot.coming = Some(MapMember::new(number));
                        state.members += 1;
                        return Look::Reserved(number);
                    }
                    if member.owner.as_ref().is_some_and(Owner::is_here) {
                        return Look::Refused(Refusal::Own);
                    }
                    // One that enters is waited for: it has its turn.
                    if let (true, Some(owner)) = (member.is_entered && on_taken != OnTaken::Join, &member.owner) {
                        // What finishes its calls is not cut by one that only waits for the key.
                        if on_taken == OnTaken::Replace || !owner.is_closed() {
                            let owner = owner.clone();
                            deferred.then(move || owner.ask(place));
                        }
                    }
                }
            }
            let waiters = slot.waiters(on_taken);
            waiters.count += usize::from(!is_waiting);
            // It hears of all that comes after this look.
            let notified = Arc::clone(&waiters.look).notified_owned();
            if !is_waiting {
                slot.called = place;
            }
            Look::Wait(notified)
        })
    }

    /// One that was counted waits no more.
    pub(super) fn leave(&self, key: &K, on_taken: OnTaken) {
        self.locked(|state, deferred| {
            if let Some(slot) = state.slots.get_mut(key) {
                slot.waiters(on_taken).count -= 1;
                state.settle(key, deferred);
            }
        });
    }

    /// The task of one that has a reservation begins. False if it has none any more: it was removed by now, or the map closed.
    pub(super) fn begin(&self, key: &K, number: u64, owner: &Owner<R>) -> bool {
        let its = owner.clone();
        self.locked(|state, deferred| {
            let Some(member) = state.member(key, number) else {
                deferred.drop(its);
                return false;
            };
            member.owner = Some(its);
            true
        })
    }

    /// It has entered. Those that wait look at that.
    pub(super) fn entered(&self, key: &K, number: u64) {
        self.locked(|state, deferred| {
            if let Some(member) = state.member(key, number) {
                member.is_entered = true;
                state.arrive(key, number, deferred);
                state.settle(key, deferred);
            }
        });
    }
}

/// Being there, and going.
impl<K: MapKey, R: ScopedResource> Registry<K, R> {
    pub(super) fn live(&self, key: &K) -> Option<Owner<R>> {
        self.locked(|state, _| state.slots.get(key)?.member.as_ref()?.live().cloned())
    }

    pub(super) fn keys(&self) -> Vec<K> {
        let live = |(key, slot): (&K, &MapSlot<R>)| slot.member.as_ref()?.live().map(|_| key.clone());
        self.locked(|state, _| state.slots.iter().filter_map(live).collect())
    }

    pub(super) fn count(&self) -> usize {
        let live = |slot: &&MapSlot<R>| slot.member.as_ref().and_then(MapMember::live).is_some();
        self.locked(|state, _| state.slots.values().filter(live).count())
    }

    /// The member of this key, which is about to be asked to end. One whose task has not begun has the key no more; none is given
    /// then. An error if nobody has the key.
    pub(super) fn find(&self, key: &K) -> Result<Option<Owner<R>>, ()> {
        self.locked(|state, deferred| {
            let member = state.slots.get(key).and_then(|slot| slot.member.as_ref()).ok_or(())?;
            if member.owner.is_none() {
                let number = member.number;
                state.free(key, number, &self.emptied, deferred);
                return Ok(None);
            }
            Ok(member.owner.clone())
        })
    }

    /// This one has the key no more. Those that wait look for it when what is returned is dropped.
    pub(super) fn free(&self, key: &K, number: u64) -> Deferred {
        let mut deferred = Deferred::default();
        self.state.lock().free(key, number, &self.emptied, &mut deferred);
        deferred
    }

    /// No more members are let in; gives those who are to be asked to end. All who wait, or have a reservation, learn of it.
    pub(super) fn close(&self) -> Vec<Owner<R>> {
        self.locked(|state, deferred| {
            let mut owners = Vec::new();
            for slot in state.slots.values_mut() {
                for place in [&mut slot.member, &mut slot.coming] {
                    let reserved = place.take_if(|member| member.owner.is_none());
                    state.members -= usize::from(reserved.is_some());
                }
                let all = slot.member.iter().chain(&slot.coming).chain(&slot.leaving);
                owners.extend(all.filter_map(|member| member.owner.clone()));
                for waiters in [&slot.turns, &slot.joiners] {
                    let look = Arc::clone(&waiters.look);
                    deferred.then(move || look.notify_waiters());
                }
            }
            let slots = mem::take(&mut state.slots).into_iter();
            let (idle, slots): (HashMap<_, _>, _) = slots.partition(|(_, slot)| slot.is_idle());
            state.slots = slots;
            deferred.drop(idle);
            owners
        })
    }
}

impl<K: MapKey, R: ScopedResource> MapState<K, R> {
    fn member(&mut self, key: &K, number: u64) -> Option<&mut MapMember<R>> {
        let slot = self.slots.get_mut(key)?;
        let mut each = slot.member.iter_mut().chain(&mut slot.coming);
        each.find(|member| member.number == number)
    }

    /// If it has entered beside the one that is there: it takes the place of that, which ends when its calls have.
    fn arrive(&mut self, key: &K, number: u64, deferred: &mut Deferred) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        let Some(new) = slot.coming.take_if(|coming| coming.number == number) else {
            return;
        };
        if let Some(old) = slot.member.replace(new) {
            let (owner, place) = (old.owner.clone(), slot.called);
            deferred.then(move || owner.into_iter().for_each(|owner| owner.ask_to_finish(place)));
            slot.leaving.push(old);
        }
    }

    fn free(&mut self, key: &K, number: u64, emptied: &Arc<Notify>, deferred: &mut Deferred) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        let Some(old) = slot.take(number) else { return };
        deferred.drop(old);
        self.members -= 1;
        self.settle(key, deferred);
        if self.members == 0 && !matches!(self.stage, MapStage::Open) {
            let emptied = Arc::clone(emptied);
            deferred.then(move || emptied.notify_waiters());
        }
    }

    /// Has those look again that may go on now.
    fn settle(&mut self, key: &K, deferred: &mut Deferred) {
        let Some(slot) = self.slots.get(key) else { return };
        if slot.is_idle() {
            return deferred.drop(self.slots.remove_entry(key));
        }
        let (turn, join) = (Arc::clone(&slot.turns.look), Arc::clone(&slot.joiners.look));
        match &slot.member {
            _ if slot.turns.count == 0 => deferred.then(move || join.notify_waiters()),
            None => deferred.then(move || turn.notify_one()),
            // It has had its turn, and leaves for the next; nobody need be woken for that.
            Some(MapMember { owner: Some(owner), is_entered: true, .. }) if !owner.is_closed() => {
                let (owner, place) = (owner.clone(), slot.called);
                deferred.then(move || owner.ask(place));
            }
            Some(_) => {}
        }
    }
}

impl<R> MapSlot<R> {
    fn new(called: &'static Location<'static>) -> Self {
        let (turns, joiners) = <(Waiters, Waiters)>::default();
        MapSlot { member: None, coming: None, leaving: Vec::new(), turns, called, joiners }
    }

    fn waiters(&mut self, on_taken: OnTaken) -> &mut Waiters {
        match on_taken {
            OnTaken::Join => &mut self.joiners,
            OnTaken::Refuse | OnTaken::Replace | OnTaken::Renew => &mut self.turns,
        }
    }

    fn waiting(&self) -> usize {
        self.turns.count + self.joiners.count
    }

    fn is_idle(&self) -> bool {
        self.member.is_none() && self.leaving.is_empty() && self.waiting() == 0
    }

    /// Takes one out. The place of the one that is there goes to one that comes.
    fn take(&mut self, number: u64) -> Option<MapMember<R>> {
        let is_it = |member: &mut MapMember<R>| member.number == number;
        if let Some(member) = self.member.take_if(is_it) {
            self.member = self.coming.take();
            return Some(member);
        }
        let left = self.leaving.iter_mut().position(is_it);
        self.coming
            .take_if(is_it)
            .or_else(|| Some(self.leaving.swap_remove(left?)))
    }

    /// Whether its member stays, or somebody waits to come after it.
    fn is_promised(&self) -> bool {
        let stays = |member: &MapMember<R>| !member.owner.as_ref().is_some_and(Owner::is_closed);
        self.member.as_ref().is_some_and(stays) || self.waiting() > 0
    }
}

impl<R> MapMember<R> {
    fn new(number: u64) -> Self {
        MapMember { number, owner: None, is_entered: false }
    }

    fn live(&self) -> Option<&Owner<R>> {
        let owner = self.owner.as_ref()?;
        (owner.state() == OwnerState::Live).then_some(owner)
    }
}
