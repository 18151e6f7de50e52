//! Describing an owner, and entering it: in the task of its own that [`owning`](super::owning) spawns.

use std::future::Future;
use std::panic::Location;

use super::options::OwnerOptions;
use super::owned::Owner;
use super::owning::{owned, owned_local, spawned};
use crate::error::Error;
use crate::lifespan::Lifespan;
use crate::lifespan::kind::Local;
use crate::resource::enter::Enter;
use crate::resource::{LocalResource, ScopedResource};

/// In a task of its own.
impl<R: ScopedResource, F: Enter<R> + Send + 'static> Lifespan<R, F> {
    /// Enters the resource in a task of its own, in which it is used and exited as well, and gives a handle of it.
    ///
    /// It is [`owned`](Lifespan::owned), entered. It has no scope: close it, or drop its last handle. To say how it works:
    /// [`OwnerOptions::spawn`].
    ///
    /// # Errors
    ///
    /// The failure of the enter.
    ///
    /// # Panics
    ///
    /// With the enter's panic.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled before it is ready, the enter in the task is cancelled and unwinds; a resource that it still gives is
    /// exited. The scope around it waits for that, or else [`drain`](crate::drain).
    #[must_use = "nothing is spawned until this is awaited"]
    #[track_caller]
    pub fn spawn(self) -> impl Future<Output = Result<Owner<R>, Error>> {
        OwnerOptions::new().spawn(self)
    }

    /// The life of an owner of this resource: a member of something larger, or a scope, at the end of which it is closed. Errors and
    /// cancel safety are those of [`spawn`](Lifespan::spawn).
    ///
    /// The budgets are those of the resource, with two seconds more for what runs in the owner to unwind.
    ///
    /// ```
    /// # use lifespan::{Lifespan, Owner};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// # let counter = Lifespan::new(async { Ok::<_, std::io::Error>(0) }, async |_, _| ());
    /// counter.owned().scope(async |counter| {
    ///     let helper = Owner::clone(counter);
    ///     let task = tokio::spawn(async move {
    ///         helper.with_ok(async |n| **n += 1).await
    ///     });
    ///     task.await.unwrap()
    /// }).await // closed, be there other handles or not
    /// # }
    /// ```
    #[track_caller]
    pub fn owned(self) -> Lifespan<Owner<R>, impl Enter<Owner<R>> + Send + use<R, F>> {
        OwnerOptions::new().owned(self)
    }
}

/// In a task of its own, in this thread.
impl<R: LocalResource + 'static, F: Enter<R> + 'static> Lifespan<R, F> {
    /// As [`spawn`](Lifespan::spawn), in the `LocalSet` or `LocalRuntime` that runs here.
    ///
    /// # Errors
    ///
    /// The failure of the enter.
    ///
    /// # Panics
    ///
    /// With the enter's panic, and outside of a `LocalSet` and a `LocalRuntime`.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled before it is ready, the enter in the task is cancelled and unwinds; a resource that it
    /// still gives is exited.
    #[must_use = "nothing is spawned until this is awaited"]
    #[track_caller]
    pub fn spawn_local(self) -> impl Future<Output = Result<Owner<R, Local<'static>>, Error>> {
        OwnerOptions::new().spawn_local(self)
    }

    /// As [`owned`](Lifespan::owned), in the `LocalSet` or `LocalRuntime` that runs where it is entered.
    #[track_caller]
    pub fn owned_local(self) -> Lifespan<Owner<R, Local<'static>>, impl Enter<Owner<R, Local<'static>>> + use<R, F>> {
        OwnerOptions::new().owned_local(self)
    }
}

/// Making owners that work like that.
impl OwnerOptions {
    /// Enters a resource in a task of its own, as [`Lifespan::spawn`] does.
    ///
    /// # Errors
    ///
    /// The failure of the enter.
    ///
    /// # Panics
    ///
    /// With the enter's panic.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled before it is ready, the enter in the task is cancelled and unwinds; a resource that it
    /// still gives is exited.
    #[must_use = "nothing is spawned until this is awaited"]
    #[track_caller]
    pub fn spawn<R, F>(self, lifespan: Lifespan<R, F>) -> impl Future<Output = Result<Owner<R>, Error>>
    where
        R: ScopedResource,
        F: Enter<R> + Send + 'static,
    {
        spawned(self.owned(lifespan), Location::caller())
    }

    /// The life of an owner of a resource, as [`Lifespan::owned`] gives it.
    #[track_caller]
    pub fn owned<R, F>(self, lifespan: Lifespan<R, F>) -> Lifespan<Owner<R>, impl Enter<Owner<R>> + Send + use<R, F>>
    where
        R: ScopedResource,
        F: Enter<R> + Send + 'static,
    {
        owned(lifespan, self, Location::caller(), None)
    }

    /// Enters a resource in the `LocalSet` or `LocalRuntime` that runs here, as [`Lifespan::spawn_local`] does.
    ///
    /// # Errors
    ///
    /// The failure of the enter.
    ///
    /// # Panics
    ///
    /// With the enter's panic, and outside of a `LocalSet` and a `LocalRuntime`.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled before it is ready, the enter in the task is cancelled and unwinds; a resource that it
    /// still gives is exited.
    #[must_use = "nothing is spawned until this is awaited"]
    #[track_caller]
    pub fn spawn_local<R, F>(
        self,
        lifespan: Lifespan<R, F>,
    ) -> impl Future<Output = Result<Owner<R, Local<'static>>, Error>>
    where
        R: LocalResource + 'static,
        F: Enter<R> + 'static,
    {
        spawned(self.owned_local(lifespan), Location::caller())
    }

    /// The life of an owner of a resource that stays in its thread, as [`Lifespan::owned_local`] gives it.
    #[track_caller]
    pub fn owned_local<R, F>(
        self,
        lifespan: Lifespan<R, F>,
    ) -> Lifespan<Owner<R, Local<'static>>, impl Enter<Owner<R, Local<'static>>> + use<R, F>>
    where
        R: LocalResource + 'static,
        F: Enter<R> + 'static,
    {
        owned_local(lifespan, self, Location::caller())
    }
}
