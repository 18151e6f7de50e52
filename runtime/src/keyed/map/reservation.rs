//! [`Reservation`]: a key for one that is about to enter, and [`Entering`], that enter while somebody waits for it.

use std::hash::Hash;
use std::panic::Location;
use std::sync::Arc;

use super::registry::Registry;
use crate::resource::ScopedResource;
use crate::task::owner::{HookReply, Owner, OwnerHooks};

/// Passed on if nothing comes of it.
pub(super) struct Reservation<K: Eq + Hash, R: ScopedResource> {
    registry: Arc<Registry<K, R>>,
    key: Option<K>,
    number: u64,
    /// Held by one that had to wait.
    claim: Option<Arc<()>>,
}

impl<K: Eq + Hash, R: ScopedResource> Reservation<K, R> {
    pub(super) fn new(registry: &Arc<Registry<K, R>>, key: K, number: u64) -> Self {
        Reservation {
            registry: Arc::clone(registry),
            key: Some(key),
            number,
            claim: None,
        }
    }

    pub(super) fn claimed(mut self, claim: Arc<()>) -> Self {
        self.claim = Some(claim);
        self
    }
}

impl<K: Clone + Eq + Hash + Send + 'static, R: ScopedResource> Reservation<K, R> {
    /// For whoever is about to wait there.
    pub(super) fn entering(&self, place: &'static Location<'static>) -> Entering<K, R> {
        let Some(key) = self.key.clone() else {
            unreachable!("it is not taken up yet")
        };
        Entering {
            registry: Arc::clone(&self.registry),
            key,
            number: self.number,
            place,
            is_over: false,
        }
    }

    /// The task of its owner begins, called there, in which nothing is entered if the reservation is void by now; the key is
    /// passed on when the owner is gone.
    pub(super) fn take_up(mut self, owner: &Owner<R>, place: &'static Location<'static>) -> OwnerHooks {
        let number = self.number;
        // Cloned while it is a reservation yet, which is passed on if that panics.
        let its = self.key.clone();
        let (Some(key), Some(its)) = (self.key.take(), its) else {
            unreachable!("it is taken up once")
        };
        if !self.registry.begin(&key, number, owner) {
            owner.ask(place);
        }
        let (arrived, gone) = (Arc::downgrade(&self.registry), Arc::downgrade(&self.registry));
        OwnerHooks {
            on_entered: Box::new(move || {
                if let Some(registry) = arrived.upgrade() {
                    registry.entered(&its, number);
                }
            }),
            on_exited: Box::new(move |end| match gone.upgrade() {
                Some(registry) => registry.left(key, number, end),
                None => HookReply::NOTHING,
            }),
        }
    }
}

impl<K: Eq + Hash, R: ScopedResource> Drop for Reservation<K, R> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            drop(self.registry.pass_on(key, self.number));
        }
    }
}

/// An enter that somebody waits for.
///
/// Dropped before it is over, it has the owner end. The scope around waits until that has unwound, but may ask for it no sooner
/// than its body ends: who comes for the key by then would find it taken.
pub(super) struct Entering<K: Eq + Hash, R: ScopedResource> {
    registry: Arc<Registry<K, R>>,
    key: K,
    number: u64,
    place: &'static Location<'static>,
    is_over: bool,
}

impl<K: Eq + Hash, R: ScopedResource> Entering<K, R> {
    pub(super) fn end(mut self) {
        self.is_over = true;
    }
}

impl<K: Eq + Hash, R: ScopedResource> Drop for Entering<K, R> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        if let Some(owner) = self.registry.owner(&self.key, self.number) {
            owner.abandon(self.place);
        }
    }
}
