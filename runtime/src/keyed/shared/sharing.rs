//! [`Sharing`]: the shared resource as its owner has it. It exits when all leases have let go of it.

use std::sync::{Arc, OnceLock, Weak};

use tokio::sync::{Notify, watch};

use crate::base::policy::Policy;
use crate::error::BoxError;
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::resource::abandoned::Abandoned;
use crate::resource::enter::{Enter, Entering};
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;

pub(super) struct Sharing<R> {
    resource: Arc<R>,
    offer: Arc<Offer<R>>,
    /// Dropped when it ends.
    stays: watch::Sender<()>,
}

/// Where users find the resource, while it is there.
pub(super) struct Offer<R> {
    resource: OnceLock<Weak<R>>,
    stays: OnceLock<watch::Receiver<()>>,
    /// A user has let go of it.
    pub(super) returned: Notify,
}

impl<R> Offer<R> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Offer {
            resource: OnceLock::new(),
            stays: OnceLock::new(),
            returned: Notify::new(),
        })
    }

    pub(super) fn get(&self) -> Option<Arc<R>> {
        self.resource.get()?.upgrade()
    }

    /// When it ends, or is to end.
    pub(super) async fn ending(&self) {
        let Some(mut stays) = self.stays.get().cloned() else {
            return;
        };
        while stays.changed().await.is_ok() {}
    }
}

/// What is entered is to be shared.
pub(super) fn sharing<R, F>(lifespan: Lifespan<R, F>) -> Lifespan<Sharing<R>>
where
    R: ScopedResource + Sync,
    F: Enter<R> + Send + 'static,
{
    let place = lifespan.place();
    let (enter, entry) = lifespan.entered_at(place);
    let enter = share(enter);
    Lifespan::described(Box::pin(enter) as _, entry)
}

async fn share<R, F>(enter: Entering<F, R>) -> Result<Sharing<R>, BoxError>
where
    R: ScopedResource + Sync,
    F: Enter<R> + Send + 'static,
{
    Ok(Sharing {
        resource: Arc::new(enter.await?),
        offer: Offer::new(),
        stays: watch::Sender::new(()),
    })
}

impl<R: Send + Sync> Sharing<R> {
    /// Offers it to users there.
    pub(super) fn offered_in(self, offer: Arc<Offer<R>>) -> Self {
        let _ = offer.resource.set(Arc::downgrade(&self.resource));
        let _ = offer.stays.set(self.stays.subscribe());
        Sharing { offer, ..self }
    }

    /// By itself, when nobody else has it any more.
    async fn alone(self, exit: &Exit) -> R {
        let Sharing {
            mut resource,
            offer,
            stays,
        } = self;
        drop(stays); // who has it may let go of it
        loop {
            match Arc::try_unwrap(resource) {
                Ok(resource) => return resource,
                Err(shared) => resource = shared,
            }
            exit.progress("waiting for those who use it");
            offer.returned.notified().await;
        }
    }
}

impl<R: ScopedResource + Sync> ScopedResource for Sharing<R> {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        self.alone(exit).await.exit(exit).await
    }

    fn policy() -> Policy {
        R::policy()
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        self.resource.__failure(failing);
    }

    fn __lose(self, abandoned: Abandoned) {
        if let Some(resource) = Arc::into_inner(self.resource) {
            resource.__lose(abandoned);
        }
    }
}
