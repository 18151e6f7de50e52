//! [`Lease`]: the use of a shared resource by one user, from the first moment it is counted. It has let go of the resource before it is
//! counted no more.

use std::fmt;
use std::future::Future;
use std::mem;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;

use super::instance::Instance;
use super::resource::SharedResource;
use crate::base::policy::Policy;
use crate::error::{BoxError, Error};
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::task::owner::{Owner, TO_UNWIND};

/// One user's hold of a [`Shared`](crate::Shared) resource, which is there as long as there are leases.
///
/// [Released](Lease::release), or exited by a scope, it waits for the exit if it was the last. Dropped, it does not: the exit is told
/// [`Abandoned`](crate::Cause::Abandoned), and [`drain`](crate::drain) waits for it.
#[must_use = "dropped, it is given back at once"]
pub struct Lease<R: ScopedResource + Sync> {
    /// None until it has entered, and once it was given back.
    resource: Option<Arc<R>>,
    instance: Arc<Instance<R>>,
    is_counted: bool,
}

impl<R: ScopedResource + Sync> Lease<R> {
    /// Of one that is counted.
    pub(super) fn counted(instance: Arc<Instance<R>>) -> Self {
        Lease { resource: None, instance, is_counted: true }
    }

    pub(super) fn instance(&self) -> &Arc<Instance<R>> {
        &self.instance
    }

    /// With the resource, which has entered.
    pub(super) fn of(mut self, resource: Arc<R>) -> Self {
        self.resource = Some(resource);
        self
    }

    /// Gives it back. If it was the last, the resource exits, and this returns when it has.
    ///
    /// # Errors
    ///
    /// The failure of that exit, or of the resource itself before that, with the rest attached.
    ///
    /// # Cancel safety
    ///
    /// Given back in any case; the exit goes on without the caller. A failure that no caller waits for any more is reported.
    #[track_caller]
    pub fn release(mut self) -> impl Future<Output = Result<(), Error>> + Send {
        let (place, last) = (Location::caller(), self.give_back().cloned());
        async move {
            match last {
                Some(owner) => owner.close_at(place).await,
                None => Ok(()),
            }
        }
    }

    /// As [`release`](Lease::release), as what it is a part of: for a resource that holds the lease, in its own exit. If it was the
    /// last, the exit of the shared resource is told what the whole was, and has no more time than that has left.
    ///
    /// # Errors
    ///
    /// The failure of that exit, or of the resource itself before that, with the rest attached.
    ///
    /// # Cancel safety
    ///
    /// Given back in any case; the exit goes on without the caller. A failure that no caller waits for any more is
    /// reported.
    pub fn release_as(mut self, exit: &Exit) -> impl Future<Output = Result<(), Error>> + Send + use<'_, R> {
        let last = self.give_back().cloned();
        async move { exit_last(last, exit).await }
    }

    /// Whether the resource ends although this is there: it has failed on its own ([law 21]), or `run` closes what is left. It exits
    /// when all leases are gone, or its budget is; its users are not cancelled.
    ///
    /// [law 21]: crate::guide::guarantees#law-21
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.instance.is_closed()
    }

    /// Waits until the resource [ends](Self::is_closed) although this is there.
    ///
    /// ```
    /// use lifespan::{Error, Service, Shared};
    /// use std::{io, time::Duration};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
    /// let feed = Shared::new(|| Service::start(async |ready, _| {
    ///     ready.set(7);
    ///     tokio::time::sleep(Duration::from_millis(10)).await;
    ///     Err::<(), _>(io::Error::other("reset"))
    /// }));
    /// let lease = feed.acquire().await?;
    /// tokio::select! {
    ///     () = lease.closed() => println!("it has failed"),
    ///     () = std::future::pending() => { /* .. what uses it */ }
    /// }
    /// assert!(lease.release().await.unwrap_err().to_string().ends_with("reset"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time, and called again.
    pub async fn closed(&self) {
        self.instance.offer.ending.wait().await;
    }

    /// If it was the last one: the owner, to be asked to end.
    fn give_back(&mut self) -> Option<&Owner<SharedResource<R>>> {
        if let Some(resource) = self.resource.take() {
            drop(resource);
            self.instance.offer.returned.notify_one();
        }
        if mem::take(&mut self.is_counted) { self.instance.leave() } else { None }
    }
}

/// Ends what the last one has left, as a scope does that holds it.
async fn exit_last<R: ScopedResource + Sync>(last: Option<Owner<SharedResource<R>>>, exit: &Exit) -> Result<(), Error> {
    match last {
        Some(owner) => owner.exit_at(exit).await,
        None => Ok(()),
    }
}

impl<R: ScopedResource + Sync> Deref for Lease<R> {
    type Target = R;

    fn deref(&self) -> &R {
        match &self.resource {
            Some(resource) => resource,
            None => unreachable!("nobody has a lease that was given back"),
        }
    }
}

impl<R: ScopedResource + Sync> ScopedResource for Lease<R> {
    async fn exit(mut self, exit: &Exit) -> Result<(), BoxError> {
        let last = self.give_back().cloned();
        Ok(exit_last(last, exit).await?)
    }

    // That of the resource is kept by the resource.
    fn policy() -> Policy {
        R::policy().around(TO_UNWIND)
    }

    fn __goes_on(&self) -> bool {
        true
    }
}

impl<R: ScopedResource + Sync> Drop for Lease<R> {
    /// The exit is told [`Abandoned`](crate::Cause::Abandoned) if this was the last.
    fn drop(&mut self) {
        let place = self.instance.subject().place;
        if let Some(owner) = self.give_back() {
            owner.abandon(place);
        }
    }
}

impl<R: ScopedResource + Sync> fmt::Debug for Lease<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.instance).finish()
    }
}

/// An enter that a user waits for; when that one leaves, and was the last, its end is to be waited for.
pub(super) struct Unwinding<R: ScopedResource + Sync>(pub(super) Arc<Instance<R>>);

impl<R: ScopedResource + Sync> ScopedResource for Unwinding<R> {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        self.0.unwound().await;
        Ok(())
    }

    fn policy() -> Policy {
        R::policy().around(TO_UNWIND)
    }

    // In the task of the resource, which tells of itself; if others use it, there is nothing to tell.
    fn __exits_elsewhere(&self) -> bool {
        true
    }
}
