//! [`Registry`]: who has which key, who is next, and who is to be told of what failed.
//!
//! A key is free, reserved by one that is about to enter, or a member's until its owner is gone; then it goes to whoever has
//! waited longest. What it guarantees: one at a time has a key; once the map is closed nobody enters; and no owner is dropped,
//! nobody woken and nothing reported under the lock.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::mem;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::line::{Claim, Line, Passing, Turn};
use super::reservation::Reservation;
use crate::error::Error;
use crate::exit::Exit;
use crate::owner::{Gone, Heard, Owner, OwnerState};
use crate::report::{self, Report};
use crate::resource::ScopedResource;

pub(super) struct Registry<K: Eq + Hash, R: ScopedResource> {
    ledger: Mutex<Ledger<K, R>>,
    /// Nobody is left of a map that closes.
    emptied: Notify,
}

struct Ledger<K: Eq + Hash, R: ScopedResource> {
    members: HashMap<K, Member<K, R>>,
    stage: Stage,
    next: u64,
}

enum Stage {
    Open,
    /// The exit waits, and tells what failed in these.
    Closing(Vec<Gone>),
    Closed,
}

/// Who has a key.
pub(super) struct Member<K: Eq + Hash, R: ScopedResource> {
    number: u64,
    /// None until its task begins.
    owner: Option<Owner<R>>,
    /// Of one that had to wait.
    claim: Option<Claim>,
    is_entered: bool,
    /// Who has the key next.
    line: Line<K, R>,
}

/// What to do about one that has the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OnTaken {
    Refuse,
    Replace,
}

/// Whether there is a place for a new member.
pub(super) enum Place<K: Eq + Hash, R: ScopedResource> {
    Reserved(Reservation<K, R>),
    /// When it is its turn.
    Later(Turn<K, R>),
    Taken,
    Closed,
    /// It would have to wait for the end of the caller's own task.
    Own,
}

/// Who is about to be asked to leave.
pub(super) enum Found<K: Eq + Hash, R: ScopedResource> {
    Nobody,
    Member(Owner<R>),
    /// One whose task had not begun; it has the key no more.
    Reserved(Passing<K, R>),
}

impl<K: Eq + Hash, R: ScopedResource> Registry<K, R> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Registry {
            ledger: Mutex::new(Ledger {
                members: HashMap::new(),
                stage: Stage::Open,
                next: 0,
            }),
            emptied: Notify::new(),
        })
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger<K, R>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_open(&self) -> bool {
        self.ledger().is_open()
    }

    /// The last member of a map that closes has gone.
    pub(super) fn tell_emptied(&self) {
        self.emptied.notify_one();
    }

    pub(super) fn live(&self, key: &K) -> Option<Owner<R>> {
        let ledger = self.ledger();
        ledger.members.get(key)?.live().cloned()
    }

    pub(super) fn keys(&self) -> Vec<K>
    where
        K: Clone,
    {
        let ledger = self.ledger();
        let live = |(key, member): (&K, &Member<K, R>)| member.live().map(|_| key.clone());
        ledger.members.iter().filter_map(live).collect()
    }

    pub(super) fn count(&self) -> usize {
        let ledger = self.ledger();
        ledger.members.values().filter_map(Member::live).count()
    }
}

/// Coming.
impl<K: Eq + Hash, R: ScopedResource> Registry<K, R> {
    /// Reserves a key, or queues for it.
    pub(super) fn reserve(
        self: &Arc<Self>,
        key: &K,
        on_taken: OnTaken,
        place: &'static Location<'static>,
    ) -> Place<K, R>
    where
        K: Clone,
    {
        let mut ledger = self.ledger();
        if !ledger.is_open() {
            return Place::Closed;
        }
        let number = ledger.number();
        let member = match ledger.members.entry(key.clone()) {
            Entry::Occupied(taken) => taken.into_mut(),
            Entry::Vacant(free) => {
                free.insert(Member::new(number, None, Line::default()));
                return Place::Reserved(Reservation::new(self, key.clone(), number));
            }
        };
        if on_taken == OnTaken::Refuse && member.is_promised() {
            return Place::Taken;
        }
        if member.owner.as_ref().is_some_and(Owner::is_here) {
            return Place::Own;
        }
        let (turn, _left) = member.line.join(place);
        let replaced = member.replaced();
        drop(ledger);
        if let Some((owner, place)) = replaced {
            owner.ask(place);
        }
        Place::Later(turn)
    }

    /// The task of one that has a reservation begins. False if it has none any more: it was removed by now, or the map closed.
    pub(super) fn begin(&self, key: &K, number: u64, owner: &Owner<R>) -> bool {
        let mut ledger = self.ledger();
        let member = ledger.member(key, number);
        let begun = member.map(|member| member.owner = Some(owner.clone()));
        begun.is_some()
    }

    /// It has entered; if somebody waits to replace it, that is all.
    pub(super) fn entered(&self, key: &K, number: u64) {
        let replaced = self.ledger().member(key, number).and_then(|member| {
            member.is_entered = true;
            member.replaced()
        });
        if let Some((owner, place)) = replaced {
            owner.ask(place);
        }
    }

    /// Who has this number, if it is still there.
    pub(super) fn owner(&self, key: &K, number: u64) -> Option<Owner<R>> {
        self.ledger().member(key, number)?.owner.clone()
    }
}

/// Going.
impl<K: Eq + Hash, R: ScopedResource> Registry<K, R> {
    /// The member of this key, who is about to be asked to leave.
    pub(super) fn find(self: &Arc<Self>, key: &K) -> Found<K, R>
    where
        K: Clone,
    {
        let ledger = self.ledger();
        let Some(member) = ledger.members.get(key) else {
            return Found::Nobody;
        };
        if let Some(owner) = &member.owner {
            return Found::Member(owner.clone());
        }
        let number = member.number;
        drop(ledger);
        let passing = self.pass_on(key.clone(), number);
        passing.map_or(Found::Nobody, Found::Reserved)
    }

    /// This one has the key no more. Who is next has it from now on, and hears of that when what is returned is dropped.
    pub(super) fn pass_on(self: &Arc<Self>, key: K, number: u64) -> Option<Passing<K, R>> {
        let mut ledger = self.ledger();
        let fresh = ledger.number();
        let member = ledger.member(&key, number)?;
        let (next, left) = member.line.next();
        let (old, next) = match next {
            Some(next) => {
                let line = mem::take(&mut member.line);
                let old = mem::replace(member, Member::new(fresh, Some(next.claim()), line));
                (Some(old), Some((next, Reservation::new(self, key, fresh))))
            }
            None => (ledger.members.remove(&key), None),
        };
        let is_emptied = ledger.members.is_empty() && !ledger.is_open();
        drop(ledger);
        let emptied = is_emptied.then(|| Arc::clone(self));
        Some(Passing::new(old, left, next, emptied))
    }

    /// A member is gone.
    pub(super) fn left(self: &Arc<Self>, key: K, number: u64, gone: &Gone) -> Heard
    where
        K: Send + 'static,
    {
        let tells = self.keep(gone) || report_death(gone);
        let passing = self.pass_on(key, number);
        Heard {
            tells,
            then: passing.map(|passing| Box::new(passing) as _),
        }
    }

    /// Whether the exit of the map tells of it.
    fn keep(&self, gone: &Gone) -> bool {
        let mut ledger = self.ledger();
        let Stage::Closing(failed) = &mut ledger.stage else {
            return false;
        };
        failed.extend((!gone.is_clean()).then(|| gone.clone()));
        true
    }
}

/// The end of the map.
impl<K: Eq + Hash, R: ScopedResource> Registry<K, R> {
    /// Has all members exit, side by side.
    pub(super) async fn close(&self, exit: &Exit) -> Result<(), Error> {
        let closing = Closing(self);
        for owner in self.ask_all() {
            owner.ask_for(exit);
        }
        while !self.ledger().members.is_empty() {
            self.emptied.notified().await;
        }
        Error::first_of(closing.end().iter().filter_map(|gone| gone.tell().err()))
    }

    /// Lets nobody in any more, and gives those who are to be asked. Whoever waits, or has a reservation, hears of it.
    fn ask_all(&self) -> Vec<Owner<R>> {
        let mut ledger = self.ledger();
        ledger.stage = Stage::Closing(Vec::new());
        let members = mem::take(&mut ledger.members).into_iter();
        let (mut members, reserved): (HashMap<_, _>, HashMap<_, _>) =
            members.partition(|(_, member)| member.owner.is_some());
        let present = members.values_mut();
        let lines: Vec<_> = present.map(|member| mem::take(&mut member.line)).collect();
        let owners = members.values().filter_map(|member| member.owner.clone());
        let owners = owners.collect();
        ledger.members = members;
        drop(ledger);
        drop((lines, reserved));
        owners
    }
}

/// The exit of a map, while somebody waits for it.
struct Closing<'a, K: Eq + Hash, R: ScopedResource>(&'a Registry<K, R>);

impl<K: Eq + Hash, R: ScopedResource> Closing<'_, K, R> {
    fn end(self) -> Vec<Gone> {
        self.take()
    }

    fn take(&self) -> Vec<Gone> {
        match mem::replace(&mut self.0.ledger().stage, Stage::Closed) {
            Stage::Closing(gone) => gone,
            Stage::Open | Stage::Closed => Vec::new(),
        }
    }
}

/// Dropped before it is over, failures that it has not told of tell of themselves.
impl<K: Eq + Hash, R: ScopedResource> Drop for Closing<'_, K, R> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// Whether it died by itself, which is reported.
fn report_death(gone: &Gone) -> bool {
    let death = gone.death();
    if let Some(death) = &death {
        report::send(&Report::failed(death));
    }
    death.is_some()
}

impl<K: Eq + Hash, R: ScopedResource> Ledger<K, R> {
    fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open)
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn member(&mut self, key: &K, number: u64) -> Option<&mut Member<K, R>> {
        let member = self.members.get_mut(key)?;
        (member.number == number).then_some(member)
    }
}

impl<K: Eq + Hash, R: ScopedResource> Member<K, R> {
    fn new(number: u64, claim: Option<Claim>, line: Line<K, R>) -> Self {
        Member {
            number,
            owner: None,
            claim,
            is_entered: false,
            line,
        }
    }

    /// Whether it stays, or somebody waits to come after it.
    fn is_promised(&self) -> bool {
        let comes = || self.claim.as_ref().is_none_or(Claim::is_held);
        let stays = self
            .owner
            .as_ref()
            .map_or_else(comes, |owner| !owner.is_closed());
        stays || self.line.first().is_some()
    }

    /// Who is to be asked to leave for somebody who waits, called there: one that has entered, since each has its turn.
    fn replaced(&self) -> Option<(Owner<R>, &'static Location<'static>)> {
        let owner = self.owner.clone().filter(|_| self.is_entered)?;
        Some((owner, self.line.first()?))
    }

    fn live(&self) -> Option<&Owner<R>> {
        let owner = self.owner.as_ref()?;
        (owner.state() == OwnerState::Live).then_some(owner)
    }
}
