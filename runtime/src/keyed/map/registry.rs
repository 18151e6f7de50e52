//! [`Registry`]: who has which key, who is next, and who is to be told of what failed.
//!
//! A key is free, reserved by one that is about to enter, or a member's until its owner is gone; then it goes to whoever has
//! waited longest. What it guarantees: one at a time has a key; once the map is closed nobody enters; and no owner and no key is
//! dropped, nobody woken and nothing reported under the lock. Keys are hashed, compared and cloned under it.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::line::{Claim, Line, Old, Passing, Turn};
use super::reservation::Reservation;
use crate::error::{BoxError, Error};
use crate::report::{self, Report};
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::task::owner::{HookReply, Owner, OwnerEnd, OwnerState};

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
    /// So many exits wait, of the map and its clones, and tell what failed in these.
    Closing {
        exits: usize,
        failed: Vec<OwnerEnd>,
    },
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
    /// Be content with it.
    Join,
}

/// Whether there is a place for a new member.
pub(super) enum Place<K: Eq + Hash, R: ScopedResource> {
    Reserved(Reservation<K, R>),
    /// When it is its turn.
    Later(Turn<K, R>),
    /// For one that is content with it.
    There(Owner<R>),
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
        self.emptied.notify_waiters();
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
        let Some(member) = ledger.members.get_mut(key) else {
            let [own, its] = [key.clone(), key.clone()]; // what may panic, first
            let member = Member::new(number, None, Line::default());
            ledger.members.insert(own, member);
            return Place::Reserved(Reservation::new(self, its, number));
        };
        if on_taken == OnTaken::Refuse && member.is_promised() {
            return Place::Taken;
        }
        if let (OnTaken::Join, Some(owner)) = (on_taken, member.staying()) {
            return Place::There(owner.clone());
        }
        if member.owner.as_ref().is_some_and(Owner::is_here) {
            return Place::Own;
        }
        let (turn, _left) = member.line.join(on_taken == OnTaken::Join, place);
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

    /// It has entered; if somebody waits to replace it, that is all, else whoever waits for it has it.
    pub(super) fn entered(&self, key: &K, number: u64) {
        let mut ledger = self.ledger();
        let Some(member) = ledger.member(key, number) else {
            return;
        };
        member.is_entered = true;
        let replaced = member.replaced();
        let stays = member.owner.as_ref().filter(|_| replaced.is_none());
        let _welcome = stays.map(|owner| member.line.welcome(owner));
        drop(ledger);
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
        let own = key.clone();
        let ledger = self.ledger();
        let Some(member) = ledger.members.get(key) else {
            return Found::Nobody;
        };
        if let Some(owner) = &member.owner {
            return Found::Member(owner.clone());
        }
        // Under the same lock: its task may begin meanwhile, and a member would be out of the map.
        let number = member.number;
        let passing = self.passed_on(own, number, ledger);
        passing.map_or(Found::Nobody, Found::Reserved)
    }

    /// This one has the key no more. Who is next has it from now on, and hears of that when what is returned is dropped.
    pub(super) fn pass_on(self: &Arc<Self>, key: K, number: u64) -> Option<Passing<K, R>> {
        self.passed_on(key, number, self.ledger())
    }

    // In this order: the lock is let go of before the key is dropped.
    fn passed_on(
        self: &Arc<Self>,
        key: K,
        number: u64,
        mut ledger: MutexGuard<'_, Ledger<K, R>>,
    ) -> Option<Passing<K, R>> {
        let fresh = ledger.number();
        let member = ledger.member(&key, number)?;
        let (next, left) = member.line.next();
        let (old, next) = match next {
            Some(next) => {
                let line = mem::take(&mut member.line);
                let old = mem::replace(member, Member::new(fresh, Some(next.claim()), line));
                let reservation = Reservation::new(self, key, fresh);
                (Old::Replaced(old), Some((next, reservation)))
            }
            None => (Old::Removed(ledger.members.remove_entry(&key)), None),
        };
        let is_emptied = ledger.members.is_empty() && !ledger.is_open();
        drop(ledger);
        let emptied = is_emptied.then(|| Arc::clone(self));
        Some(Passing::new(old, left, next, emptied))
    }

    /// A member is gone.
    pub(super) fn left(self: &Arc<Self>, key: K, number: u64, gone: &OwnerEnd) -> HookReply
    where
        K: Send + 'static,
    {
        let tells = self.keep(gone) || report_death(gone);
        let passing = self.pass_on(key, number);
        HookReply {
            reports: tells,
            after: passing.map(|passing| Box::new(passing) as _),
        }
    }

    /// Whether the exit of the map tells of it.
    fn keep(&self, gone: &OwnerEnd) -> bool {
        let mut ledger = self.ledger();
        let Stage::Closing { failed, .. } = &mut ledger.stage else {
            return false;
        };
        failed.extend((!gone.is_clean()).then(|| gone.clone()));
        true
    }
}

/// The end of the map.
impl<K: Eq + Hash, R: ScopedResource> Registry<K, R> {
    /// Has all members exit, side by side.
    pub(super) async fn close(&self, exit: &Exit) -> Result<(), BoxError> {
        let closing = Closing::begin(self);
        let owners = self.ask_all();
        for owner in &owners {
            owner.ask_for(exit);
        }
        if let Some(own) = owners.into_iter().find(Owner::is_here) {
            return own.exit(exit).await; // it would wait for itself, and says so
        }
        closing.emptied().await;
        let failed = closing.failed();
        Ok(Error::first_of(failed.iter().filter_map(|gone| gone.tell().err()))?)
    }

    /// Gives those who are to be asked. Whoever waits, or has a reservation, hears of it.
    fn ask_all(&self) -> Vec<Owner<R>> {
        let mut ledger = self.ledger();
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

/// An exit of a map, or of a clone of it, as long as somebody waits for it.
struct Closing<'a, K: Eq + Hash, R: ScopedResource>(&'a Registry<K, R>);

impl<'a, K: Eq + Hash, R: ScopedResource> Closing<'a, K, R> {
    /// Nobody is let in any more.
    fn begin(registry: &'a Registry<K, R>) -> Self {
        let stage = &mut registry.ledger().stage;
        if let Stage::Closing { exits, .. } = stage {
            *exits += 1;
        } else {
            *stage = Stage::Closing {
                exits: 1,
                failed: Vec::new(),
            };
        }
        Closing(registry)
    }

    /// When nobody is left.
    async fn emptied(&self) {
        loop {
            // In this order: it hears of what comes after this.
            let emptied = self.0.emptied.notified();
            if self.0.ledger().members.is_empty() {
                return;
            }
            emptied.await;
        }
    }

    /// For each exit the same.
    fn failed(&self) -> Vec<OwnerEnd> {
        match &self.0.ledger().stage {
            Stage::Closing { failed, .. } => failed.clone(),
            Stage::Open | Stage::Closed => Vec::new(),
        }
    }

    /// One exit less. What nobody has waited for, if it was the last.
    fn leave(&self) -> Vec<OwnerEnd> {
        let stage = &mut self.0.ledger().stage;
        match stage {
            Stage::Closing { exits: 1, failed } => {
                let failed = mem::take(failed);
                *stage = Stage::Closed;
                failed
            }
            Stage::Closing { exits, .. } => {
                *exits -= 1;
                Vec::new()
            }
            Stage::Open | Stage::Closed => Vec::new(),
        }
    }
}

/// Dropped before it is over, what it has not told of is reported.
impl<K: Eq + Hash, R: ScopedResource> Drop for Closing<'_, K, R> {
    fn drop(&mut self) {
        for error in self.leave().iter().filter_map(OwnerEnd::untold) {
            report::send(&Report::failed(&error));
        }
    }
}

/// Whether it died by itself, which is reported.
fn report_death(gone: &OwnerEnd) -> bool {
    let death = gone.untold_death();
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
        let stays = self.owner.as_ref().map_or_else(comes, |owner| !owner.is_closed());
        stays || !self.line.is_empty()
    }

    /// Who is to be asked to leave for somebody who waits, called there: one that has entered, since each has its turn.
    fn replaced(&self) -> Option<(Owner<R>, &'static Location<'static>)> {
        let owner = self.owner.clone().filter(|_| self.is_entered)?;
        Some((owner, self.line.first()?))
    }

    /// One that is there, and that nobody waits to replace.
    fn staying(&self) -> Option<&Owner<R>> {
        self.live().filter(|_| self.line.first().is_none())
    }

    fn live(&self) -> Option<&Owner<R>> {
        let owner = self.owner.as_ref()?;
        (owner.state() == OwnerState::Live).then_some(owner)
    }
}
