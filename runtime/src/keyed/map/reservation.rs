//! [`Reservation`]: a key for one that is about to enter, and [`Entering`], that enter while somebody waits for it.

use std::panic::Location;
use std::sync::Arc;

use super::closing::is_told;
use super::registry::{Key, Registry};
use crate::resource::ScopedResource;
use crate::task::owner::{HookReply, Owner, OwnerHooks};

/// The key is free again if nothing comes of it.
pub(super) struct Reservation<K: Key, R: ScopedResource> {
    registry: Arc<Registry<K, R>>,
    /// None once the task of its owner has begun.
    key: Option<K>,
    number: u64,
}

impl<K: Key, R: ScopedResource> Reservation<K, R> {
    pub(super) fn new(registry: &Arc<Registry<K, R>>, key: K, number: u64) -> Self {
        Reservation {
            registry: Arc::clone(registry),
            key: Some(key),
            number,
        }
    }

    /// For the caller that is about to wait there.
    pub(super) fn entering(&self, place: &'static Location<'static>) -> Entering<K, R> {
        Entering {
            registry: Arc::clone(&self.registry),
            key: self.key.clone(),
            number: self.number,
            place,
        }
    }

    /// The task of its owner begins, called there, in which nothing is entered if the reservation is void by now; the key is
    /// free when the owner is gone.
    pub(super) fn take_up(mut self, owner: &Owner<R>, place: &'static Location<'static>) -> OwnerHooks {
        let number = self.number;
        // Cloned while it is a reservation yet, whose key is free again if that panics.
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
                Some(registry) => HookReply {
                    reports: is_told(&registry, end),
                    after: {
                        let deferred = registry.free(&key, number);
                        Some(Box::new(|| drop(deferred)))
                    },
                },
                None => HookReply::NOTHING,
            }),
        }
    }
}

impl<K: Key, R: ScopedResource> Drop for Reservation<K, R> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            drop(self.registry.free(&key, self.number));
        }
    }
}

/// An enter that a caller waits for.
///
/// Dropped before it is over, it has the owner end. The scope around waits until that has unwound, but may ask for it no sooner
/// than its body ends: who comes for the key by then would find it taken.
pub(super) struct Entering<K: Key, R: ScopedResource> {
    registry: Arc<Registry<K, R>>,
    /// None when it is over.
    key: Option<K>,
    number: u64,
    place: &'static Location<'static>,
}

impl<K: Key, R: ScopedResource> Entering<K, R> {
    pub(super) fn end(mut self) {
        self.key = None;
    }
}

impl<K: Key, R: ScopedResource> Drop for Entering<K, R> {
    fn drop(&mut self) {
        let owner = self.key.take().and_then(|key| self.registry.owner(&key, self.number));
        if let Some(owner) = owner {
            owner.abandon(self.place);
        }
    }
}
