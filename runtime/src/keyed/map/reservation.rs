//! [`Reservation`]: a key, from when it is found to be free until the owner that enters under it is gone.

use std::panic::Location;
use std::sync::{Arc, Weak};

use super::closing::is_told;
use super::deferred::Deferred;
use super::registry::{MapKey, Registry};
use crate::resource::ScopedResource;
use crate::task::owner::{Owner, OwnerEnd, OwnerHook};

/// Also what is called of the owner once its task has begun. The key is free again when the owner is gone, or nothing comes of it.
pub(super) struct Reservation<K: MapKey, R: ScopedResource> {
    registry: Weak<Registry<K, R>>,
    key: K,
    number: u64,
    /// Those that wait for the key, once it is free: they look at that when this is dropped.
    freed: Deferred,
}

impl<K: MapKey, R: ScopedResource> Reservation<K, R> {
    pub(super) fn new(registry: &Arc<Registry<K, R>>, key: K, number: u64) -> Self {
        Reservation { registry: Arc::downgrade(registry), key, number, freed: Deferred::default() }
    }

    /// The task of its owner begins, called there, in which nothing is entered if the reservation is void by now.
    pub(super) fn take_up(self, owner: &Owner<R>, place: &'static Location<'static>) -> Box<dyn OwnerHook> {
        let begins = |registry: Arc<Registry<K, R>>| registry.begin(&self.key, self.number, owner);
        if !self.registry.upgrade().is_some_and(begins) {
            owner.ask(place);
        }
        Box::new(self)
    }
}

impl<K: MapKey, R: ScopedResource> OwnerHook for Reservation<K, R> {
    fn entered(&mut self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.entered(&self.key, self.number);
        }
    }

    fn exited(&mut self, end: &OwnerEnd) -> bool {
        let Some(registry) = self.registry.upgrade() else {
            return false;
        };
        let is_told = is_told(&registry, end);
        self.freed = registry.free(&self.key, self.number);
        is_told
    }
}

impl<K: MapKey, R: ScopedResource> Drop for Reservation<K, R> {
    fn drop(&mut self) {
        if let Some(registry) = self.registry.upgrade() {
            drop(registry.free(&self.key, self.number));
        }
    }
}
