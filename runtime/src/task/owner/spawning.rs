//! Describing an owner, and entering it: in the task of its own that [`owning`](super::owning) spawns.

use std::future::Future;
use std::panic::Location;

use super::hooks::OwnerHooks;
use super::owned::{Owner, OwnerLocal};
use super::owning::{Owning, OwningLocal};
use crate::error::Error;
use crate::lifespan::Lifespan;
use crate::lifespan::kind::Kind;
use crate::resource::enter::Enter;
use crate::resource::{LocalResource, ScopedResource};

/// In a task of its own.
impl<R: ScopedResource, F: Enter<R> + Send + 'static> Lifespan<R, F> {
    /// Enters the resource in a task of its own, in which it is used and exited as well, and gives a handle of it.
    ///
    /// It is [`owned`](Lifespan::owned), entered. It has no scope: close it, or drop its last handle. To say how it works:
    /// `.owned().queue(8).into_owner()`.
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
        self.owned().into_owner()
    }

    /// The life of an owner of this resource: a member of something larger, or a scope, at the end of which it is closed.
    ///
    /// The budgets are those of the resource, with two seconds more for what runs in the owner to unwind.
    ///
    /// ```
    /// # use lifespan::{Lifespan, Owner};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// # let counter = Lifespan::new(async { Ok::<_, std::io::Error>(0) }, async |_, _| ());
    /// counter.owned().queue(8).scope(async |counter| {
    ///     let helper = Owner::clone(counter);
    ///     let task = tokio::spawn(async move { helper.with_ok(async |n| **n += 1).await });
    ///     task.await.unwrap()
    /// }).await // closed, be there other handles or not
    /// # }
    /// ```
    #[track_caller]
    pub fn owned(self) -> Lifespan<Owner<R>, Owning<R, F>> {
        self.owned_at(Location::caller())
    }

    pub(crate) fn owned_at(self, place: &'static Location<'static>) -> Lifespan<Owner<R>, Owning<R, F>> {
        let (enter, entry) = self.into_description(place);
        Owning::new(enter, entry)
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
    /// As [`spawn`](Lifespan::spawn).
    #[must_use = "nothing is spawned until this is awaited"]
    #[track_caller]
    pub fn spawn_local(self) -> impl Future<Output = Result<OwnerLocal<R>, Error>> {
        self.owned_local().into_owner()
    }

    /// As [`owned`](Lifespan::owned), in the `LocalSet` or `LocalRuntime` that runs where it is entered.
    #[track_caller]
    pub fn owned_local(self) -> Lifespan<OwnerLocal<R>, OwningLocal<R, F>> {
        let (enter, entry) = self.into_description(Location::caller());
        OwningLocal::new(enter, entry)
    }
}

/// How it works, and entering it without a scope.
impl<R: LocalResource + 'static, F, K: Kind + 'static> Lifespan<Owner<R, K>, Owning<R, F, K>> {
    /// How many closures may wait to be run; 32 if nothing is said, and at least one.
    pub fn queue(mut self, capacity: usize) -> Self {
        self.enter_mut().start().capacity = capacity;
        self
    }

    /// Has the owner go on after a closure that panicked, for a resource that nothing can leave halfway. The panic is
    /// the error of its caller all the same.
    pub fn survive_panics(mut self) -> Self {
        self.enter_mut().start().survives_panics = true;
        self
    }

    /// Enters it, and gives the owner rather than a guard of it: its end is asked for when its last handle is dropped.
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
    /// As [`spawn`](Lifespan::spawn).
    #[must_use = "nothing is spawned until this is awaited"]
    #[track_caller]
    pub fn into_owner(self) -> impl Future<Output = Result<Owner<R, K>, Error>>
    where
        Owning<R, F, K>: Enter<Owner<R, K>>,
    {
        let entering = self.enter_at(Location::caller());
        async { Ok(entering.await?.into_held().into_parts().0) }
    }

    /// With hooks that are called of its beginning and end; given a handle before its task begins.
    pub(crate) fn hooked(mut self, hooks: impl FnOnce(&Owner<R, K>) -> OwnerHooks + Send + 'static) -> Self {
        self.enter_mut().start().hook = Some(Box::new(hooks));
        self
    }
}
