//! [`Live`]: an entered resource in the hands of the user, for code that a closure does not fit.

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use crate::base::entry::Subject;
use crate::cancel::current;
use crate::error::Error;
use crate::resource::LocalResource;
use crate::resource::body::Failure;
use crate::resource::exit::Exit;
use crate::resource::part;
use crate::scope::drive::End;
use crate::scope::held::{Held, Settled};
use crate::scope::run::{Unpolled, finish, finish_as, finish_refused};
use crate::scope::tie::{InTask, TieKind};

pub(crate) mod handover;

/// An entered resource. [`exit`](Live::exit) or [`exit_with`](Live::exit_with) ends it, in the task that entered it; in the exit of a
/// resource that holds it, [`exit_as`](Live::exit_as) does.
///
/// Dropped without that, its exit is adopted by the scope around it, or else rescued and reported ([law 3]). It
/// dereferences to the resource.
///
/// [law 3]: crate::guide::guarantees#law-3
#[must_use = "exit it: a dropped `Live` is adopted by the scope around it, or else rescued and reported"]
pub struct Live<R: LocalResource> {
    held: Held<R>,
}

/// Gives the guard, unless the enter was cancelled in the poll in which it completed (law 17).
#[allow(
    clippy::manual_async_fn,
    reason = "the parameter of an `async fn` would be stored twice"
)]
pub(crate) fn enter_guard<R: LocalResource>(held: Held<R>) -> impl Future<Output = Result<Live<R>, Error>> {
    async move {
        let held = Settled::new(held).await?;
        match current::cancellation() {
            None => Ok(Live::new(held)),
            Some(cancellation) => finish_refused(held, cancellation).await,
        }
    }
}

impl<R: LocalResource> Live<R> {
    pub(crate) fn new(mut held: Held<R>) -> Self {
        held.settle_here();
        Live { held }
    }

    pub(crate) fn into_held(self) -> Held<R> {
        self.held
    }

    pub(crate) fn subject(&self) -> Subject {
        self.held.keep.entry.subject()
    }

    /// Exits the resource after a success.
    ///
    /// In the exit of what holds it, use [`exit_as`](Live::exit_as): this one says that all went well, whatever the whole was told.
    /// In builds with [checks](crate::checks_enabled) that is reported if the whole was told otherwise
    /// ([`CauseLost`](crate::event::EventKind::CauseLost)).
    ///
    /// # Errors
    ///
    /// The failure of the exit.
    ///
    /// # Panics
    ///
    /// With the exit's own panic. In builds with [checks](crate::checks_enabled), when polled by another task than the
    /// one that entered it; the exit is then rescued ([law 10]).
    ///
    /// # Cancel safety
    ///
    /// Dropped before its first poll, the resource is abandoned as with the guard itself; dropped in the exit, that is
    /// interrupted and reported ([law 6]).
    ///
    /// [law 6]: crate::guide::guarantees#law-6
    /// [law 10]: crate::guide::guarantees#law-10
    #[must_use = "nothing is exited until this is awaited"]
    #[track_caller]
    pub fn exit(self) -> impl Future<Output = Result<(), Error>> {
        part::told_completed(self.held.keep.within, || self.subject(), part::EXIT);
        self.end(Ok(()), Location::caller())
    }

    /// Exits the resource after `result`: the exit's cause and error follow it, and it is returned as
    /// [`scope`](crate::Lifespan::scope) returns what its body did.
    ///
    /// # Errors
    ///
    /// The error in `result`, else the failure of the exit.
    ///
    /// # Panics
    ///
    /// With the exit's own panic. In builds with [checks](crate::checks_enabled), when another task polls it than the
    /// one that entered the resource; the exit is then rescued ([law 10](crate::guide::guarantees#law-10)).
    ///
    /// # Cancel safety
    ///
    /// Dropped before its first poll, the resource is abandoned; dropped in the exit, that is interrupted and reported
    /// ([law 6](crate::guide::guarantees#law-6)).
    #[must_use = "nothing is exited until this is awaited"]
    #[track_caller]
    pub fn exit_with<T, E: Failure>(self, result: Result<T, E>) -> impl Future<Output = Result<T, E>> {
        self.end(result, Location::caller())
    }

    /// Exits the resource as what it is a part of: for a resource that holds others, in its own exit.
    ///
    /// The exit is told the [cause](Exit::cause) and the [error](Exit::error) of the whole. It has its own budget, but no more time
    /// than the whole has [left](Exit::remaining), less a tenth, or a second: if it hangs, the error is its own, with its name and
    /// its last progress, and the whole has a moment for the rest.
    ///
    /// ```
    /// use lifespan::{Error, Exit, Live, scoped_resource};
    /// # struct Tx;
    /// # #[scoped_resource] impl Tx { #[enter] async fn begin() -> Self { Tx } #[exit] async fn end(self, exit: &Exit) { assert!(!exit.is_clean()) } }
    ///
    /// struct Session { tx: Live<Tx> }
    ///
    /// #[scoped_resource]
    /// impl Session {
    ///     #[enter]
    ///     async fn open() -> Result<Self, Error> {
    ///         Ok(Session { tx: Tx::begin().enter().await? })
    ///     }
    ///
    ///     #[exit]
    ///     async fn close(self, exit: &Exit) -> Result<(), Error> {
    ///         self.tx.exit_as(exit).await // rolls back if cancelled
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let failed = Session::open().scope(async |_| Err::<(), _>(anyhow::anyhow!("no"))).await;
    /// # assert_eq!(failed.unwrap_err().to_string(), "no");
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The failure of the exit.
    ///
    /// # Panics
    ///
    /// With the exit's own panic. In builds with [checks](crate::checks_enabled), when another task polls it than the
    /// one that entered the resource; the exit is then rescued ([law 10](crate::guide::guarantees#law-10)).
    ///
    /// # Cancel safety
    ///
    /// Dropped before its first poll, the resource is abandoned; dropped in the exit, that is interrupted and reported
    /// ([law 6](crate::guide::guarantees#law-6)).
    #[must_use = "nothing is exited until this is awaited"]
    #[track_caller]
    pub fn exit_as(mut self, exit: &Exit) -> impl Future<Output = Result<(), Error>> + use<R> {
        let (checkpoint, whole) = (self.held.board(), exit.for_members());
        let ending = finish_as(self.held, whole);
        let checkpoint = checkpoint.exited_at(Location::caller());
        InTask::new(ending, checkpoint, TieKind::Exit)
    }

    fn end<T, E: Failure>(
        mut self,
        result: Result<T, E>,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Result<T, E>> {
        let checkpoint = self.held.board();
        let returned = Unpolled::of(Some(result)).reported_as(&self.held.keep.entry);
        let ending = finish(self.held, End::Done, returned);
        InTask::new(ending, checkpoint.exited_at(place), TieKind::Exit)
    }
}

impl<R: LocalResource> Deref for Live<R> {
    type Target = R;

    fn deref(&self) -> &R {
        self.held.resource()
    }
}

impl<R: LocalResource> DerefMut for Live<R> {
    fn deref_mut(&mut self) -> &mut R {
        self.held.resource_mut()
    }
}

impl<R: LocalResource + fmt::Debug> fmt::Debug for Live<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&**self).finish()
    }
}
