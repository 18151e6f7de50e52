//! [`Insertion`]: lets a resource in: reserves its key, waiting for its turn, then enters it there.

use std::panic::Location;
use std::sync::Arc;

use super::error::InsertError;
use super::registry::{Key, Look, OnTaken, Registry};
use super::reservation::Reservation;
use super::waiting::look;
use crate::base::entry::Subject;
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::resource::enter::Enter;
use crate::task::owner::{Owner, OwnerOptions, owned, spawned};

/// Who is to have which key.
pub(super) struct Insertion<K, R> {
    pub(super) registry: Arc<Registry<K, R>>,
    pub(super) key: K,
    pub(super) on_taken: OnTaken,
    pub(super) place: &'static Location<'static>,
}

impl<K: Key, R: ScopedResource> Insertion<K, R> {
    /// Lets `lifespan`, or what makes one, in, which is called so, and whose owner works like that; or gives it back.
    pub(super) async fn run<F, L>(
        self,
        lifespan: L,
        subject: Subject,
        options: OwnerOptions,
        made: impl FnOnce(L) -> Lifespan<R, F>,
    ) -> Result<Owner<R>, InsertError<L>>
    where
        F: Enter<R> + Send + 'static,
    {
        let Insertion {
            registry,
            key,
            on_taken,
            place,
        } = self;
        let (found, waiting) = look(&registry, key.clone(), on_taken, place).await;
        match found {
            Look::There(owner) => Ok(owner),
            Look::Reserved(number) => {
                let reservation = Reservation::new(&registry, key, number);
                drop(waiting);
                let hook = Box::new(move |owner: &_| reservation.take_up(owner, place));
                let entered = spawned(owned(made(lifespan), options, place, Some(hook)), place).await;
                entered.map_err(InsertError::Failed)
            }
            Look::Refused(why) => Err(InsertError::refused(why, &key, subject, lifespan)),
            Look::Wait(_) => unreachable!("it has waited"),
        }
    }
}
