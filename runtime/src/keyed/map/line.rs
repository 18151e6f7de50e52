//! [`Line`]: those who wait for a key, first come, first served. Whoever has stopped waiting is passed over. A guest is content with
//! the member that comes before, and so comes after all others.

use std::collections::VecDeque;
use std::hash::Hash;
use std::mem;
use std::panic::Location;
use std::sync::{Arc, Weak};

use tokio::sync::oneshot;

use super::registry::{Member, Registry};
use super::reservation::Reservation;
use crate::resource::ScopedResource;
use crate::task::owner::Owner;

pub(super) struct Line<K: Eq + Hash, R: ScopedResource>(VecDeque<Next<K, R>>);

/// One of them, who called there.
pub(super) struct Next<K: Eq + Hash, R: ScopedResource> {
    tell: oneshot::Sender<Come<K, R>>,
    claim: Claim,
    is_guest: bool,
    place: &'static Location<'static>,
}

/// What one has waited for.
pub(super) enum Come<K: Eq + Hash, R: ScopedResource> {
    /// It is its turn.
    Turn(Reservation<K, R>),
    /// For a guest: another is there.
    Member(Owner<R>),
}

/// Whether one is still there who waits, or whose turn has come.
#[derive(Clone)]
pub(super) struct Claim(Weak<()>);

impl Claim {
    pub(super) fn is_held(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// The side of one that waits.
pub(super) struct Turn<K: Eq + Hash, R: ScopedResource> {
    told: oneshot::Receiver<Come<K, R>>,
    claim: Arc<()>,
}

impl<K: Eq + Hash, R: ScopedResource> Turn<K, R> {
    /// The key, when it is free, or who has it. None if the map closes before that.
    pub(super) async fn come(self) -> Option<Come<K, R>> {
        Some(match self.told.await.ok()? {
            Come::Turn(reservation) => Come::Turn(reservation.claimed(self.claim)),
            member @ Come::Member(_) => member,
        })
    }
}

impl<K: Eq + Hash, R: ScopedResource> Default for Line<K, R> {
    fn default() -> Self {
        Line(VecDeque::new())
    }
}

impl<K: Eq + Hash, R: ScopedResource> Line<K, R> {
    /// Queues up. Also gives those who no longer wait, to be dropped without a lock.
    pub(super) fn join(&mut self, is_guest: bool, place: &'static Location<'static>) -> (Turn<K, R>, Self) {
        let left = self.left();
        let (tell, told) = oneshot::channel();
        let claim = Arc::new(());
        self.0.push_back(Next {
            tell,
            claim: Claim(Arc::downgrade(&claim)),
            is_guest,
            place,
        });
        (Turn { told, claim }, left)
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        !self.0.iter().any(|next| next.claim.is_held())
    }

    /// Where the first one called who is no guest.
    pub(super) fn first(&self) -> Option<&'static Location<'static>> {
        let mut waiting = self.0.iter().filter(|next| next.claim.is_held());
        waiting.find(|next| !next.is_guest).map(|next| next.place)
    }

    /// Has all know, when this is dropped, that this member has come. There are only guests.
    pub(super) fn welcome(&mut self, owner: &Owner<R>) -> Welcome<K, R> {
        let guests = mem::take(&mut self.0).into_iter();
        Welcome(guests.map(|guest| (guest, owner.clone())).collect())
    }

    /// Takes out who is next: a guest if there are only guests. Also gives those who no longer wait.
    pub(super) fn next(&mut self) -> (Option<Next<K, R>>, Self) {
        let left = self.left();
        let next = self.0.iter().position(|next| !next.is_guest);
        (self.0.remove(next.unwrap_or(0)), left)
    }

    /// Takes out those who no longer wait.
    fn left(&mut self) -> Self {
        if self.0.iter().all(|next| next.claim.is_held()) {
            return Line::default();
        }
        let all = mem::take(&mut self.0).into_iter();
        let (waiting, left) = all.partition(|next| next.claim.is_held());
        self.0 = waiting;
        Line(left)
    }
}

impl<K: Eq + Hash, R: ScopedResource> Next<K, R> {
    pub(super) fn claim(&self) -> Claim {
        self.claim.clone()
    }
}

/// Guests, and the member they have waited for.
pub(super) struct Welcome<K: Eq + Hash, R: ScopedResource>(Vec<(Next<K, R>, Owner<R>)>);

impl<K: Eq + Hash, R: ScopedResource> Drop for Welcome<K, R> {
    fn drop(&mut self) {
        for (guest, owner) in self.0.drain(..) {
            drop(guest.tell.send(Come::Member(owner)));
        }
    }
}

/// What becomes of one that has the key no more: dropped without a lock.
#[expect(dead_code, reason = "kept to be dropped")]
pub(super) enum Old<K: Eq + Hash, R: ScopedResource> {
    Replaced(Member<K, R>),
    /// With the key, for which nobody waits.
    Removed(Option<(K, Member<K, R>)>),
}

/// A key on its way to the next one, who hears of it when this is dropped; who is no longer there to hear it passes it on. Also the
/// exit of the map hears of it then, if nobody is left.
pub(super) struct Passing<K: Eq + Hash, R: ScopedResource> {
    _old: Old<K, R>,
    _left: Line<K, R>,
    next: Option<(Next<K, R>, Reservation<K, R>)>,
    emptied: Option<Arc<Registry<K, R>>>,
}

impl<K: Eq + Hash, R: ScopedResource> Passing<K, R> {
    pub(super) fn new(
        old: Old<K, R>,
        left: Line<K, R>,
        next: Option<(Next<K, R>, Reservation<K, R>)>,
        emptied: Option<Arc<Registry<K, R>>>,
    ) -> Self {
        Passing {
            _old: old,
            _left: left,
            next,
            emptied,
        }
    }
}

impl<K: Eq + Hash, R: ScopedResource> Drop for Passing<K, R> {
    fn drop(&mut self) {
        if let Some((next, reservation)) = self.next.take() {
            drop(next.tell.send(Come::Turn(reservation)));
        }
        if let Some(registry) = &self.emptied {
            registry.tell_emptied();
        }
    }
}
