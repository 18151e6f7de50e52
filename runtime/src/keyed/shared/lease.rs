//! [`Lease`]: the use of a shared resource by one user. It has let go of the resource before it leaves its seat.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;

use super::generation::{Generation, Seat};
use crate::base::policy::Policy;
use crate::error::{BoxError, Error};
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::task::owner::TO_UNWIND;

/// One user's hold of a [`Shared`](crate::Shared) resource, which is there as long as there are leases.
///
/// [Released](Lease::release), or exited by a scope, it waits for the exit if it was the last. Dropped, it does not: the exit is told
/// [`Abandoned`](crate::Cause::Abandoned), and [`drain`](crate::drain) waits for it.
#[must_use = "dropped, it is given back at once"]
pub struct Lease<R: ScopedResource + Sync> {
    /// None once it was given back.
    resource: Option<Arc<R>>,
    seat: Seat<R>,
}

impl<R: ScopedResource + Sync> Lease<R> {
    pub(super) fn new(resource: Arc<R>, seat: Seat<R>) -> Self {
        Lease {
            resource: Some(resource),
            seat,
        }
    }

    /// Gives it back. If it was the last, the resource exits, and this returns when it has.
    ///
    /// # Errors
    ///
    /// The failure of that exit, or what the resource died of before, with the rest attached.
    ///
    /// # Cancel safety
    ///
    /// Given back in any case; the exit goes on without the caller. A failure that nobody waits for any more is reported.
    #[track_caller]
    pub fn release(mut self) -> impl Future<Output = Result<(), Error>> + Send {
        self.give_back();
        let place = Location::caller();
        async move { self.seat.leave(place).await }
    }

    /// As [`release`](Lease::release), as what it is a part of: for a resource that holds the lease, in its own exit. If it was the
    /// last, the exit of the shared resource is told what the whole was, and has no more time than that has left.
    ///
    /// # Errors
    ///
    /// As [`release`](Lease::release).
    ///
    /// # Cancel safety
    ///
    /// As [`release`](Lease::release).
    pub fn release_as(mut self, exit: &Exit) -> impl Future<Output = Result<(), Error>> + Send + use<'_, R> {
        self.give_back();
        async move { self.seat.exit_as(exit).await }
    }

    /// Whether the resource ends although this is there: it has died (law 21), or `run` closes what is left. It exits when all
    /// leases are gone, or its budget is; nobody is cancelled for that.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.seat.generation().is_closed()
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
    ///     () = lease.closed() => println!("it has died"),
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
        self.seat.generation().closed().await;
    }

    fn give_back(&mut self) {
        if let Some(resource) = self.resource.take() {
            drop(resource);
            self.seat.generation().returned();
        }
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
        self.give_back();
        Ok(self.seat.exit_as(exit).await?)
    }

    // That of the resource is kept by the resource.
    fn policy() -> Policy {
        R::policy().around(TO_UNWIND)
    }

    fn __goes_on() -> bool {
        true
    }
}

impl<R: ScopedResource + Sync> Drop for Lease<R> {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl<R: ScopedResource + Sync> fmt::Debug for Lease<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.seat.generation();
        f.debug_tuple("Lease").field(of).finish()
    }
}

/// An enter that a user waits for; when that one leaves, and was the last, its end is to be waited for.
pub(super) struct Unwinding<R: ScopedResource + Sync>(pub(super) Arc<Generation<R>>);

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
