//! [`OwnerOptions`]: how an owner works; said before it is entered.

use std::future::Future;
use std::panic::Location;

use super::owned::Owner;
use super::owning::{owned, owned_local, spawned};
use crate::error::Error;
use crate::lifespan::Lifespan;
use crate::lifespan::kind::Local;
use crate::resource::enter::Enter;
use crate::resource::{LocalResource, ScopedResource};

/// How an [`Owner`] works.
///
/// ```
/// # use lifespan::{Lifespan, OwnerOptions};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// # let counter = Lifespan::new(async { Ok::<_, std::io::Error>(0) }, async |_, _| ());
/// let counter = OwnerOptions::new().queue(8).survive_panics().spawn(counter).await?;
/// counter.with_ok(async |n| **n += 1).await?;
/// counter.close().await
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "options change nothing until an owner is made with them"]
pub struct OwnerOptions {
    /// How many calls may wait.
    pub(super) capacity: usize,
    /// Whether it goes on after a call that panicked.
    pub(super) survives_panics: bool,
}

impl Default for OwnerOptions {
    fn default() -> Self {
        OwnerOptions {
            capacity: 32,
            survives_panics: false,
        }
    }
}

impl OwnerOptions {
    /// Those of [`Lifespan::spawn`].
    pub fn new() -> Self {
        OwnerOptions::default()
    }

    /// How many closures may wait to be run; 32 if nothing is said, and at least one.
    pub fn queue(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// Has the owner go on after a closure that panicked, for a resource that nothing can leave halfway. The panic is
    /// the error of its caller all the same.
    pub fn survive_panics(mut self) -> Self {
        self.survives_panics = true;
        self
    }

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
    /// As [`Lifespan::spawn`].
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
    /// As [`Lifespan::spawn`].
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
