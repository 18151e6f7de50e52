//! [`Line`]: those who wait for a key, first come, first served. Whoever has stopped waiting is passed over.

use std::collections::VecDeque;
use std::hash::Hash;
use std::mem;
use std::panic::Location;
use std::sync::{Arc, Weak};

use tokio::sync::oneshot;

use super::registry::{Member, Registry};
use super::reservation::Reservation;
use crate::resource::ScopedResource;

pub(super) struct Line<K: Eq + Hash, R: ScopedResource>(VecDeque<Next<K, R>>);

/// One of them, who called there.
pub(super) struct Next<K: Eq + Hash, R: ScopedResource> {
    tell: oneshot::Sender<Reservation<K, R>>,
    claim: Claim,
    place: &'static Location<'static>,
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
    told: oneshot::Receiver<Reservation<K, R>>,
    claim: Arc<()>,
}

impl<K: Eq + Hash, R: ScopedResource> Turn<K, R> {
    /// The key, when it is free. None if the map closes before that.
    pub(super) async fn come(self) -> Option<Reservation<K, R>> {
        let reservation = self.told.await.ok()?;
        Some(reservation.claimed(self.claim))
    }
}

impl<K: Eq + Hash, R: ScopedResource> Default for Line<K, R> {
    fn default() -> Self {
        Line(VecDeque::new())
    }
}

impl<K: Eq + Hash, R: ScopedResource> Line<K, R> {
    /// Queues up. Also gives those who no longer wait, to be dropped without a lock.
    pub(super) fn join(&mut self, place: &'static Location<'static>) -> (Turn<K, R>, Self) {
        let (waiting, left) = mem::take(&mut self.0)
            .into_iter()
            .partition(|next| next.claim.is_held());
        self.0 = waiting;
        let (tell, told) = oneshot::channel();
        let claim = Arc::new(());
        self.0.push_back(Next {
            tell,
            claim: Claim(Arc::downgrade(&claim)),
            place,
        });
        (Turn { told, claim }, Line(left))
    }

    /// Where the first one called.
    pub(super) fn first(&self) -> Option<&'static Location<'static>> {
        let first = self.0.iter().find(|next| next.claim.is_held());
        first.map(|next| next.place)
    }

    /// Takes the first one out, and those before it who no longer wait.
    pub(super) fn next(&mut self) -> (Option<Next<K, R>>, Self) {
        let first = self.0.iter().position(|next| next.claim.is_held());
        let waiting = self.0.split_off(first.unwrap_or(self.0.len()));
        let left = mem::replace(&mut self.0, waiting);
        (self.0.pop_front(), Line(left))
    }
}

impl<K: Eq + Hash, R: ScopedResource> Next<K, R> {
    pub(super) fn claim(&self) -> Claim {
        self.claim.clone()
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
            drop(next.tell.send(reservation));
        }
        if let Some(registry) = &self.emptied {
            registry.tell_emptied();
        }
    }
}
