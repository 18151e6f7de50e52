//! [`SharedResource`]: the resource as its owner has it, and [`Offer`], where users find it. It exits when all leases have let go of it.

use std::sync::{Arc, OnceLock, Weak};

use tokio::sync::{Notify, SetOnce};

use crate::base::policy::Policy;
use crate::error::BoxError;
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::resource::origin::Origin;

pub(super) struct SharedResource<R> {
    /// None once it exits.
    resource: Option<Arc<R>>,
    offer: Arc<Offer<R>>,
}

/// Where users find the resource, while it is there.
pub(super) struct Offer<R> {
    resource: OnceLock<Weak<R>>,
    /// It ends, or is to end.
    pub(super) ending: SetOnce<()>,
    /// A user has let go of it.
    pub(super) returned: Notify,
}

impl<R> Offer<R> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Offer { resource: OnceLock::new(), ending: SetOnce::new(), returned: Notify::new() })
    }

    /// Whether it has entered, and does not exit.
    pub(super) fn is_there(&self) -> bool {
        !self.ending.initialized() && self.resource.get().is_some_and(|resource| resource.strong_count() > 0)
    }

    pub(super) fn get(&self) -> Option<Arc<R>> {
        self.resource.get()?.upgrade()
    }
}

impl<R> SharedResource<R> {
    /// Users find it there.
    pub(super) fn new(resource: R, offer: Arc<Offer<R>>) -> Self {
        let resource = Arc::new(resource);
        let _ = offer.resource.set(Arc::downgrade(&resource));
        SharedResource { resource: Some(resource), offer }
    }

    /// By itself, when nobody else has it any more.
    async fn alone(&mut self, exit: &Exit) -> Option<R> {
        let _ = self.offer.ending.set(()); // who has it may let go of it
        let mut resource = self.resource.take()?;
        loop {
            match Arc::try_unwrap(resource) {
                Ok(resource) => return Some(resource),
                Err(shared) => resource = shared,
            }
            exit.progress("waiting for those who use it");
            self.offer.returned.notified().await;
        }
    }
}

impl<R> Drop for SharedResource<R> {
    fn drop(&mut self) {
        let _ = self.offer.ending.set(());
    }
}

impl<R: ScopedResource + Sync> ScopedResource for SharedResource<R> {
    async fn exit(mut self, exit: &Exit) -> Result<(), BoxError> {
        match self.alone(exit).await {
            Some(resource) => resource.exit(exit).await,
            None => Ok(()),
        }
    }

    fn policy() -> Policy {
        R::policy()
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        if let Some(resource) = &self.resource {
            resource.__failure(failing);
        }
    }

    fn __lose(mut self, abandoned: Origin) {
        if let Some(resource) = self.resource.take().and_then(Arc::into_inner) {
            resource.__lose(abandoned);
        }
    }
}
