//! How something comes on a stack: entered there, or there already; a callback; and not once it is closed (laws 5 and 25).

use std::future::Future;
use std::panic::Location;

use super::callback::{AtOnce, Calls, callback_entry};
use super::exit_stack::ExitStack;
use super::guard::StackGuard;
use super::slots::{STACK, adopted};
use crate::base::entry::{Entry, Subject};
use crate::error::Error;
use crate::error::rejected::Rejected;
use crate::lifespan::Lifespan;
use crate::lifespan::ending::Exited;
use crate::lifespan::kind::{Kind, Takes};
use crate::live::Live;
use crate::resource::LocalResource;
use crate::resource::enter::Enter;
use crate::resource::exit::Exit;
use crate::resource::origin::Origin;
use crate::scope::abandon::kept;

impl<K: Kind> ExitStack<K> {
    /// Enters a resource in the calling task and cancel scope, and puts it on the stack.
    ///
    /// # Errors
    ///
    /// The failure of the enter; nothing is registered then. On a [closed](ExitStack::close) stack nothing is entered.
    ///
    /// # Panics
    ///
    /// With the enter's panic. In builds with [checks](crate::checks_enabled), when another task polls it than the one
    /// that polled it first.
    ///
    /// # Cancel safety
    ///
    /// As [`Lifespan::enter`]. What is entered is on the stack at once ([law 5]).
    ///
    /// [law 5]: crate::guide::guarantees#law-5
    #[must_use = "nothing is entered until this is awaited"]
    #[track_caller]
    pub fn enter<R, F>(&self, lifespan: Lifespan<R, F>) -> impl Future<Output = Result<StackGuard<'_, R, K>, Error>>
    where
        R: LocalResource,
        F: Enter<R>,
        K: Takes<R>,
    {
        let place = Location::caller();
        async move {
            self.check_open((), |()| lifespan.subject(place))?;
            let live = lifespan.enter_at(place).await?;
            // Nothing can close it meanwhile: it is borrowed.
            Ok(StackGuard::new(&self.slots, adopted(live, place)))
        }
    }

    /// Puts a value on the stack that is there already; only its exit runs.
    ///
    /// # Errors
    ///
    /// On a [closed](ExitStack::close) stack: the value ([law 25]).
    ///
    /// [law 25]: crate::guide::guarantees#law-25
    #[track_caller]
    pub fn push<R>(&self, resource: R) -> Result<StackGuard<'_, R, K>, Rejected<R>>
    where
        R: LocalResource,
        K: Takes<R>,
    {
        let entry = Entry::new(resource.__own_policy(), Location::caller());
        self.put(resource, entry, |resource| resource)
    }

    /// Puts an entered resource on the stack, which exits it from then on. It keeps its name, its budgets and its place.
    ///
    /// # Errors
    ///
    /// On a [closed](ExitStack::close) stack: the guard ([law 25]).
    ///
    /// # Panics
    ///
    /// In builds with [checks](crate::checks_enabled), when called by another task than the one that entered the resource;
    /// its exit is then rescued ([law 10]).
    ///
    /// [law 10]: crate::guide::guarantees#law-10
    /// [law 25]: crate::guide::guarantees#law-25
    #[track_caller]
    pub fn adopt<R>(&self, live: Live<R>) -> Result<StackGuard<'_, R, K>, Rejected<Live<R>>>
    where
        R: LocalResource,
        K: Takes<R>,
    {
        let live = self.check_open(live, Live::subject)?;
        let kept = adopted(live, Location::caller());
        Ok(StackGuard::new(&self.slots, kept))
    }

    /// Runs `callback` when the stack exits, with the [`Exit`] that says how things went by then. It is written `async |exit| ..`.
    ///
    /// It fails with whatever it returns, `()` or a `Result`.
    ///
    /// # Errors
    ///
    /// On a [closed](ExitStack::close) stack: the callback ([law 25]).
    ///
    /// [law 25]: crate::guide::guarantees#law-25
    #[track_caller]
    pub fn on_exit<X, O>(&self, callback: X) -> Result<StackGuard<'_, K::Callback, K>, Rejected<X>>
    where
        X: AsyncFnOnce(&Exit) -> O,
        O: Exited,
        K: Calls<X, O> + Takes<<K as Calls<X, O>>::Callback>,
    {
        self.put(callback, callback_entry(Location::caller()), K::__callback)
    }

    /// As [`on_exit`](ExitStack::on_exit), for a callback that does not wait.
    ///
    /// # Errors
    ///
    /// On a [closed](ExitStack::close) stack: the callback ([law 25]).
    ///
    /// [law 25]: crate::guide::guarantees#law-25
    #[track_caller]
    pub fn on_exit_sync<X, O>(&self, callback: X) -> Result<StackGuard<'_, K::Callback, K>, Rejected<X>>
    where
        X: FnOnce(&Exit) -> O,
        O: Exited,
        K: Calls<AtOnce<X>, O> + Takes<<K as Calls<AtOnce<X>, O>>::Callback>,
    {
        let make = |callback| K::__callback(AtOnce(callback));
        self.put(callback, callback_entry(Location::caller()), make)
    }

    /// What is made of it, which has been entered like this.
    fn put<T, R>(&self, it: T, entry: Entry, make: impl FnOnce(T) -> R) -> Result<StackGuard<'_, R, K>, Rejected<T>>
    where
        R: LocalResource,
        K: Takes<R>,
    {
        let it = self.check_open(it, |_| entry.subject())?;
        Ok(StackGuard::new(&self.slots, kept(make(it), Origin::here(entry))))
    }

    fn check_open<T>(&self, it: T, subject: impl FnOnce(&T) -> Subject) -> Result<T, Rejected<T>> {
        if self.is_closed() {
            let subject = subject(&it);
            return Err(Rejected::closed(it, STACK, subject));
        }
        Ok(it)
    }
}
