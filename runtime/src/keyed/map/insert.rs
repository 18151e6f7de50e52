//! [`Insertion`]: lets a resource in: reserves its key, waiting for its turn, then enters it there.

use std::panic::Location;
use std::sync::Arc;

use super::error::InsertError;
use super::registry::{Key, OnTaken, Registry};
use super::reservation::Reservation;
use super::waiting::{Grant, reserved};
use crate::base::entry::Subject;
use crate::error::Error;
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::resource::enter::Enter;
use crate::task::owner::{Owner, Owning};

/// Who is to have which key.
pub(super) struct Insertion<K, R> {
    pub(super) registry: Arc<Registry<K, R>>,
    pub(super) key: K,
    pub(super) on_taken: OnTaken,
    pub(super) place: &'static Location<'static>,
}

impl<K: Key, R: ScopedResource> Insertion<K, R> {
    /// Lets `lifespan`, or what makes one, in, which is called so, and whose owner lives like that; or gives it back.
    pub(super) async fn run<F, L>(
        self,
        lifespan: L,
        subject: Subject,
        owned: impl FnOnce(L) -> Lifespan<Owner<R>, Owning<R, F>>,
    ) -> Result<Owner<R>, InsertError<L>>
    where
        F: Enter<R> + Send + 'static,
    {
        match reserved(&self.registry, self.key.clone(), self.on_taken, self.place).await {
            Ok(Grant::Member(there)) => Ok(there),
            Ok(Grant::Key(reservation)) => {
                let entered = enter(reservation, owned(lifespan), self.place).await;
                entered.map_err(InsertError::Failed)
            }
            Err(why) => Err(InsertError::refused(why, &self.key, subject, lifespan)),
        }
    }
}

async fn enter<K, R, F>(
    reservation: Reservation<K, R>,
    lifespan: Lifespan<Owner<R>, Owning<R, F>>,
    place: &'static Location<'static>,
) -> Result<Owner<R>, Error>
where
    K: Key,
    R: ScopedResource,
    F: Enter<R> + Send + 'static,
{
    let entering = reservation.entering(place);
    let hooked = lifespan.hooked(move |owner| reservation.take_up(owner, place));
    let entered = hooked.enter_at(place).await;
    entering.end();
    Ok(entered?.into_held().into_parts().0)
}
