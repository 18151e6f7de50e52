//! [`StackHandle`]: registers on a stack from anywhere, also while that exits (laws 7 and 25).

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Weak};

use super::callback::{AtOnce, Calls, callback_entry};
use super::slots::{STACK, Slot, Slots, adopted, live_of};
use crate::base::entry::Entry;
use crate::error::rejected::Rejected;
use crate::lifespan::ending::Exited;
use crate::lifespan::kind::{Kind, Sendable, Takes};
use crate::live::Live;
use crate::resource::LocalResource;
use crate::resource::exit::Exit;
use crate::resource::kept::Kept;
use crate::resource::origin::Origin;
use crate::scope::abandon::kept;

/// Registers on an [`ExitStack`](crate::ExitStack) without borrowing it; made by
/// [`handle`](crate::ExitStack::handle). Cheap to clone.
///
/// What an exit of the stack registers is the next to exit, before what is older. When the stack has closed, what is to be
/// registered comes back ([law 25]). A handle does not keep the stack alive, and follows its entries when they
/// [move](crate::ExitStack::move_all).
///
/// It has no `enter`: what it registers may be called from a task that is not the stack's. Enter with
/// [`Lifespan::enter`](crate::Lifespan::enter), and give the guard to [`adopt`](StackHandle::adopt).
///
/// ```
/// use lifespan::{Error, ExitStack};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// let handle = ExitStack::new()
///     .scope(async |stack| {
///         let handle = stack.handle();
///         stack.on_exit_sync(|_| println!("third"))?;
///         let during_exit = handle.clone();
///         stack.on_exit_sync(move |_| {
///             println!("first");
///             during_exit.on_exit_sync(|_| println!("second"))
///         })?;
///         Ok::<_, Error>(handle)
///     })
///     .await?;
/// let too_late = handle.on_exit_sync(|_| println!("never")).unwrap_err();
/// let callback = too_late.into_inner();
/// # drop(callback);
/// # Ok(())
/// # }
/// ```
///
/// [law 25]: crate::guide::guarantees#law-25
pub struct StackHandle<K: Kind = Sendable>(Weak<Slots<K>>);

impl<K: Kind> StackHandle<K> {
    pub(super) fn new(slots: &Arc<Slots<K>>) -> Self {
        StackHandle(Arc::downgrade(slots))
    }

    /// Registers a value that is there already; as [`ExitStack::push`](crate::ExitStack::push).
    ///
    /// # Errors
    ///
    /// If the stack has closed: the value ([law 25]).
    ///
    /// [law 25]: crate::guide::guarantees#law-25
    #[track_caller]
    pub fn push<R>(&self, resource: R) -> Result<(), Rejected<R>>
    where
        R: LocalResource,
        K: Takes<R>,
    {
        let entry = Entry::new(resource.__own_policy(), Location::caller());
        self.put(resource, entry, |resource| resource)
    }

    /// Registers an entered resource; as [`ExitStack::adopt`](crate::ExitStack::adopt).
    ///
    /// Called in another task than the stack's, this hands it over to that task ([law 12]).
    ///
    /// # Errors
    ///
    /// If the stack has closed: the guard ([law 25]).
    ///
    /// # Panics
    ///
    /// In builds with [checks](crate::checks_enabled), when called by another task than the one that entered the resource;
    /// its exit is then rescued ([law 10]).
    ///
    /// [law 10]: crate::guide::guarantees#law-10
    /// [law 12]: crate::guide::guarantees#law-12
    /// [law 25]: crate::guide::guarantees#law-25
    #[track_caller]
    pub fn adopt<R>(&self, live: Live<R>) -> Result<(), Rejected<Live<R>>>
    where
        R: LocalResource,
        K: Takes<R>,
    {
        let kept = adopted(live, Location::caller());
        self.offer(kept, |kept| kept).map_err(|kept| {
            let subject = kept.entry().subject();
            let (resource, Origin { entry, .. }) = kept.take();
            Rejected::closed(live_of(resource, entry), STACK, subject)
        })
    }

    /// Registers a callback; as [`ExitStack::on_exit`](crate::ExitStack::on_exit).
    ///
    /// # Errors
    ///
    /// If the stack has closed: the callback ([law 25]).
    ///
    /// [law 25]: crate::guide::guarantees#law-25
    #[track_caller]
    pub fn on_exit<X, O>(&self, callback: X) -> Result<(), Rejected<X>>
    where
        X: AsyncFnOnce(&Exit) -> O,
        O: Exited,
        K: Calls<X, O> + Takes<<K as Calls<X, O>>::Callback>,
    {
        self.put(callback, callback_entry(Location::caller()), K::__callback)
    }

    /// Registers a callback that does not wait; as [`ExitStack::on_exit_sync`](crate::ExitStack::on_exit_sync).
    ///
    /// # Errors
    ///
    /// If the stack has closed: the callback ([law 25]).
    ///
    /// [law 25]: crate::guide::guarantees#law-25
    #[track_caller]
    pub fn on_exit_sync<X, O>(&self, callback: X) -> Result<(), Rejected<X>>
    where
        X: FnOnce(&Exit) -> O,
        O: Exited,
        K: Calls<AtOnce<X>, O> + Takes<<K as Calls<AtOnce<X>, O>>::Callback>,
    {
        let make = |callback| K::__callback(AtOnce(callback));
        self.put(callback, callback_entry(Location::caller()), make)
    }

    /// What is made of it, which has been entered like this.
    fn put<T, R>(&self, it: T, entry: Entry, make: impl FnOnce(T) -> R) -> Result<(), Rejected<T>>
    where
        R: LocalResource,
        K: Takes<R>,
    {
        let subject = entry.subject();
        self.offer(it, |it| kept(make(it), Origin::here(entry)))
            .map_err(|it| Rejected::closed(it, STACK, subject))
    }

    fn offer<T, R: LocalResource>(&self, offered: T, keep: impl FnOnce(T) -> Kept<R>) -> Result<(), T>
    where
        K: Takes<R>,
    {
        match self.0.upgrade() {
            None => Err(offered),
            Some(slots) => slots.offer(offered, |it| Slot::Here(K::__forget_type(keep(it)))),
        }
    }
}

impl<K: Kind> Clone for StackHandle<K> {
    fn clone(&self) -> Self {
        StackHandle(Weak::clone(&self.0))
    }
}

impl<K: Kind> fmt::Debug for StackHandle<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closed = self.0.upgrade().is_none_or(|slots| slots.is_closed());
        f.debug_struct("StackHandle").field("closed", &closed).finish()
    }
}
