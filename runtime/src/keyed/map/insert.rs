//! [`Insertion`]: lets a resource in: reserves its key, waiting for its turn, then enters it there.

use std::panic::Location;
use std::sync::Arc;

use super::error::InsertError;
use super::registry::{Look, MapKey, OnTaken, Registry};
use super::reservation::Reservation;
use crate::base::entry::Subject;
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::resource::enter::Enter;
use crate::task::owner::{Owner, OwnerOptions, owned, spawned};

/// Who is to have which key. Each that waits has its turn.
pub(super) struct Insertion<K: MapKey, R: ScopedResource> {
    pub(super) registry: Arc<Registry<K, R>>,
    pub(super) key: K,
    pub(super) on_taken: OnTaken,
    pub(super) place: &'static Location<'static>,
    /// It is counted as one that waits.
    pub(super) is_waiting: bool,
}

impl<K: MapKey, R: ScopedResource> Insertion<K, R> {
    /// Lets `lifespan`, or what makes one, in, which is called so, and whose owner works like that; or gives it back.
    pub(super) async fn run<F, L>(
        mut self,
        lifespan: L,
        subject: Subject,
        options: OwnerOptions,
        made: impl FnOnce(L) -> Lifespan<R, F>,
    ) -> Result<Owner<R>, InsertError<L>>
    where
        F: Enter<R> + Send + 'static,
    {
        // Cloned before there is a reservation, which a panic would leave behind.
        let (key, place) = (self.key.clone(), self.place);
        let reservation = loop {
            match self.registry.look(&self.key, self.on_taken, self.is_waiting, place) {
                Look::There(owner) => return Ok(owner),
                Look::Refused(why) => return Err(InsertError::refused(why, &self.key, subject, lifespan)),
                Look::Reserved(number) => break Reservation::new(&self.registry, key, number),
                Look::Wait(notified) => {
                    self.is_waiting = true;
                    notified.await;
                }
            }
        };
        drop(self);
        let hook = Box::new(move |owner: &_| reservation.take_up(owner, place));
        let entered = spawned(owned(made(lifespan), options, place, Some(hook)), place).await;
        entered.map_err(InsertError::Failed)
    }
}

impl<K: MapKey, R: ScopedResource> Drop for Insertion<K, R> {
    fn drop(&mut self) {
        if self.is_waiting {
            self.registry.leave(&self.key, self.on_taken);
        }
    }
}
