//! [`Insertion`]: lets a resource in: reserves its key, waiting for its turn, then enters it there.

use std::fmt;
use std::hash::Hash;
use std::panic::Location;
use std::sync::Arc;

use super::error::{InsertError, Refused};
use super::line::Come;
use super::registry::{OnTaken, Place, Registry};
use super::reservation::Reservation;
use crate::base::entry::Subject;
use crate::error::Error;
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::resource::enter::Enter;
use crate::task::owner::{Owner, Owning};

/// Who is to have which key.
pub(super) struct Insertion<K: Eq + Hash, R: ScopedResource> {
    pub(super) registry: Arc<Registry<K, R>>,
    pub(super) key: K,
    pub(super) on_taken: OnTaken,
    pub(super) place: &'static Location<'static>,
}

impl<K, R> Insertion<K, R>
where
    K: Clone + Eq + Hash + fmt::Debug + Send + 'static,
    R: ScopedResource,
{
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
        let place = self.registry.reserve(&self.key, self.on_taken, self.place);
        let refuse = match reserved(place, &self.registry).await {
            Ok(Come::Member(there)) => return Ok(there),
            Ok(Come::Turn(reservation)) => {
                let entered = enter(reservation, owned(lifespan), self.place).await;
                return entered.map_err(InsertError::Failed);
            }
            Err(Why::Taken) => InsertError::Taken,
            Err(Why::Closed) => InsertError::Closed,
            Err(Why::Own) => InsertError::Deadlock,
        };
        Err(refuse(Refused::new(&self.key, subject, lifespan)))
    }
}

/// Why there is no place.
enum Why {
    Taken,
    Closed,
    Own,
}

async fn reserved<K: Eq + Hash, R: ScopedResource>(
    place: Place<K, R>,
    registry: &Registry<K, R>,
) -> Result<Come<K, R>, Why> {
    let come = match place {
        Place::Reserved(reservation) => return Ok(Come::Turn(reservation)),
        Place::There(owner) => return Ok(Come::Member(owner)),
        Place::Taken => return Err(Why::Taken),
        Place::Own => return Err(Why::Own),
        Place::Closed => return Err(Why::Closed),
        Place::Later(turn) => turn.come().await.ok_or(Why::Closed)?,
    };
    // Its turn may have come just before the end.
    if registry.is_open() { Ok(come) } else { Err(Why::Closed) }
}

async fn enter<K, R, F>(
    reservation: Reservation<K, R>,
    lifespan: Lifespan<Owner<R>, Owning<R, F>>,
    place: &'static Location<'static>,
) -> Result<Owner<R>, Error>
where
    K: Clone + Eq + Hash + Send + 'static,
    R: ScopedResource,
    F: Enter<R> + Send + 'static,
{
    let entering = reservation.entering(place);
    let hooked = lifespan.hooked(move |owner| reservation.take_up(owner, place));
    let entered = hooked.enter_at(place).await;
    entering.end();
    Ok(entered?.into_held().into_parts().0)
}
