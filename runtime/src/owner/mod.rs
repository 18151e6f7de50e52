//! [`Owner`]: a resource in a task of its own, used and closed from anywhere.
//!
//! [`owning`] enters it, [`task`] is the task, [`handle`] what callers have, [`house`] what both share, with the [`desk`] where
//! they meet; [`work`] is one closure on its way, [`call`] its caller, [`farewell`] what is said by whoever closes it, [`ended`]
//! how it ended.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use crate::body::{Failure, Infallible};
use crate::enter::Enter;
use crate::error::{BoxError, Error};
use crate::exit::Exit;
use crate::failing::Failing;
use crate::lifespan::Lifespan;
use crate::policy::Policy;
use crate::resource::{LocalResource, ScopedResource};

mod call;
mod desk;
mod ended;
mod farewell;
mod handle;
mod house;
#[cfg(test)]
mod models;
mod owning;
mod task;
mod work;

pub use handle::OwnerState;
pub use owning::{Owning, OwningLocal};

use farewell::Farewell;
use handle::Handle;
use house::WhenEnded;
use owning::TO_UNWIND;
use work::{Job, JobLocal, WorkFn};

/// A handle of a resource that lives in a task of its own: there it is entered, used and exited (law 8), whoever asks for it,
/// from wherever. Cheap to clone.
///
/// Made by [`Lifespan::spawn`], or as a resource itself by [`Lifespan::owned`].
///
/// ```
/// use lifespan::scoped_resource;
/// # use std::io;
///
/// struct Client { sent: u32 }
///
/// #[scoped_resource]
/// impl Client {
///     #[enter] async fn connect() -> io::Result<Self> { Ok(Client { sent: 0 }) }
///     #[exit] async fn goodbye(self) { println!("goodbye after {}", self.sent) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> anyhow::Result<()> {
/// let client = Client::connect().spawn().await?;
/// let other = client.clone();
/// let sending = tokio::spawn(async move {
///     other.with_ok(async |client| client.sent += 1).await
/// });
/// sending.await??;
/// let sent = client.with(async |client| -> anyhow::Result<u32> { Ok(client.sent) }).await?;
/// assert_eq!(sent, 1);
/// client.close().await?; // in any task; it has said goodbye by now
/// # Ok(())
/// # }
/// ```
///
/// # How it is used
///
/// [`with`](Owner::with) has the task run a closure with `&mut R`. Closures run one after the other, in the order they were
/// called. The queue is [bounded](Lifespan::queue): when it is full, callers wait for room, first come, first served.
///
/// # How it ends
///
/// - [`close`](Owner::close), from any task, any number of times: there is one exit, and everybody gets the same outcome.
/// - The last handle is dropped: its exit is told [`Abandoned`](crate::Cause::Abandoned), as that of a guard that is. A failure
///   of it goes to [`drain`](crate::drain), if somebody drains, else to the report hook.
/// - A closure panics: that is its caller's error, and the exit is told [`Panicked`](crate::Cause::Panicked), unless the owner
///   [survives panics](Lifespan::survive_panics).
/// - The resource itself dies, since there is a [`Service`](crate::Service) in it (law 21).
///
/// In each case the closure that runs is cancelled, and unwinds (law 13); what waits in the queue is refused and never runs
/// ([`ErrorKind::Closed`](crate::ErrorKind)); then the resource exits, within its budget. [`drain`](crate::drain) waits for it,
/// and `run` closes what is still live (law 4).
///
/// Who holds the owner as a resource, in a scope or a [`lifespan`](macro@crate::lifespan), is told if it ends unasked, as if it
/// were a service that dies (law 21).
pub struct Owner<R>(Handle<Job<R>>);

/// As [`Owner`], for a resource that is not `Send`, or must stay in its thread: its task runs in the `LocalSet` or `LocalRuntime`
/// where it was entered. Its handles may go anywhere.
///
/// Made by [`Lifespan::spawn_local`] and [`Lifespan::owned_local`].
///
/// ```
/// use lifespan::Lifespan;
/// use std::rc::Rc;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// # tokio::task::LocalSet::new().run_until(async {
/// let names = async { Ok::<_, std::io::Error>(Rc::new(String::from("cobweb"))) };
/// let names = Lifespan::new_local(names, async |_, _| ()).spawn_local().await?;
/// let length = names.with_ok(async |name| name.len()).await?; // from any thread
/// assert_eq!(length, 6);
/// names.close().await
/// # }).await
/// # }
/// ```
pub struct OwnerLocal<R>(Handle<JobLocal<R>>);

/// In a task of its own.
impl<R: ScopedResource, F: Enter<R> + Send + 'static> Lifespan<R, F> {
    /// Enters the resource in a task of its own, in which it is used and exited as well, and gives a handle of it.
    ///
    /// It is [`owned`](Lifespan::owned), entered. It has no scope: close it, or drop its last handle.
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

    pub(crate) fn owned_at(
        self,
        place: &'static Location<'static>,
    ) -> Lifespan<Owner<R>, Owning<R, F>> {
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

/// For what is made of owners.
impl<R> Owner<R> {
    /// Asks for its end, without waiting for it.
    pub(crate) fn ask(&self, place: &'static Location<'static>) {
        self.0.ask(Farewell::closed(place));
    }

    /// As [`ask`](Owner::ask), for the exit of what it is a part of.
    pub(crate) fn ask_for(&self, exit: &Exit) {
        self.0.ask_for(exit);
    }

    /// Waits for its end; how it ended is another's.
    pub(crate) async fn ended(&self) {
        self.0.ended().await;
    }

    /// Told once, when it has ended.
    pub(crate) fn when_ended(&self, told: WhenEnded) {
        self.0.when_ended(told);
    }

    /// Whether the caller is its task.
    pub(crate) fn is_here(&self) -> bool {
        self.0.is_here()
    }

    /// The error of what would wait for its own task.
    pub(crate) fn would_wait(&self, what: &str, place: &'static Location<'static>) -> Error {
        self.0.would_wait(what, place)
    }

    /// Whether both are handles of one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.is(&other.0)
    }
}

macro_rules! owner {
    ($Owner:ident, $Owning:ident, [$($Resource:tt)*], [$($Enter:tt)*]) => {
        /// How it works, and entering it without a scope.
        impl<R: $($Resource)*, F: $($Enter)*> Lifespan<$Owner<R>, $Owning<R, F>> {
            /// How many closures may wait to be run; 32 if nothing is said, and at least one.
            pub fn queue(mut self, capacity: usize) -> Self {
                self.enter_mut().options().capacity = capacity;
                self
            }

            /// Has the owner go on after a closure that panicked, for a resource that nothing can leave halfway. The panic is
            /// the error of its caller all the same.
            pub fn survive_panics(mut self) -> Self {
                self.enter_mut().options().survives_panics = true;
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
            pub fn into_owner(self) -> impl Future<Output = Result<$Owner<R>, Error>> {
                let entering = self.enter_at(Location::caller());
                async { Ok(entering.await?.into_held().into_parts().0) }
            }
        }

        impl<R: $($Resource)*> $Owner<R> {
            /// Has the resource closed: what runs there unwinds, then it exits. Returns when it has.
            ///
            /// There is one exit, and all who close get the same outcome; so does who closes it later.
            ///
            /// # Errors
            ///
            /// The failure of the exit, or what it ended of before anybody had asked (the death of the resource, a call that
            /// panicked), with the rest attached. In the task of the owner
            /// itself it only asks, and fails, since it would wait for itself ([`ErrorKind::Deadlock`](crate::ErrorKind)).
            ///
            /// # Cancel safety
            ///
            /// Once polled, it goes on without the caller. A failure that nobody waits for any more is reported.
            #[must_use = "nothing is closed until this is awaited"]
            #[track_caller]
            pub fn close(&self) -> impl Future<Output = Result<(), Error>> + use<'_, R> {
                self.0.close(Location::caller())
            }

            /// Waits until the resource has exited, without asking for it.
            ///
            /// # Errors
            ///
            /// As [`close`](Self::close).
            ///
            /// # Cancel safety
            ///
            /// It may be dropped at any time, and called again.
            #[must_use = "nothing is waited for until this is awaited"]
            #[track_caller]
            pub fn closed(&self) -> impl Future<Output = Result<(), Error>> + use<'_, R> {
                self.0.closed(Location::caller())
            }

            /// Whether it takes no more work: it was closed, or has failed.
            #[must_use]
            pub fn is_closed(&self) -> bool {
                self.0.is_closed()
            }

            /// How far it has come.
            #[must_use]
            pub fn state(&self) -> OwnerState {
                self.0.state()
            }
        }

        #[diagnostic::do_not_recommend]
        impl<R: $($Resource)*> ScopedResource for $Owner<R> {
            // Written out, so that no bound on the resource is looked for where this future must be `Send`.
            fn exit(self, exit: &Exit) -> impl Future<Output = Result<(), BoxError>> + Send {
                let exiting = self.0.exit(exit);
                async { Ok(exiting.await?) }
            }

            fn policy() -> Policy {
                R::policy().around(TO_UNWIND)
            }

            fn __goes_on() -> bool {
                true
            }

            fn __exits_elsewhere(&self) -> bool {
                true
            }

            fn __own_policy(&self) -> Policy {
                self.0.policy()
            }

            fn __failure(&self, failing: &mut Failing<'_>) {
                self.0.attach(failing);
            }
        }

        impl<R> Clone for $Owner<R> {
            fn clone(&self) -> Self {
                $Owner(self.0.clone())
            }
        }

        impl<R> fmt::Debug for $Owner<R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

owner!(Owner, Owning, [ScopedResource], [Enter<R> + Send + 'static]);
owner!(
    OwnerLocal,
    OwningLocal,
    [LocalResource + 'static],
    [Enter<R> + 'static]
);

impl<R: ScopedResource> Owner<R> {
    /// Runs a closure with the resource, in the task of the owner, and returns what it returns.
    ///
    /// As with [`scope`](Lifespan::scope), the error type is the closure's own; annotate it where it cannot be inferred.
    ///
    /// # Errors
    ///
    /// The closure's own error, untouched; else, as `E::from(lifespan::Error)`:
    ///
    /// - [`Closed`](crate::ErrorKind::Closed): it was closed, or has failed, before the closure began, which then never runs
    /// - [`Cancelled`](crate::ErrorKind::Cancelled) or `DeadlinePassed`: the closure was cancelled and has unwound, as the owner
    ///   was closed meanwhile, or the caller was cancelled
    /// - [`Panicked`](crate::ErrorKind::Panicked): the closure panicked, which ends the owner
    /// - [`Deadlock`](crate::ErrorKind::Deadlock): called in the task of the owner itself, by such a closure or by the exit
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it waits until the closure has unwound, as if that ran in the caller's own task (law 13). Dropped, the closure
    /// is taken back if it has not begun, else cancelled, and unwinds without the caller; the owner goes on.
    #[must_use = "nothing is run until this is awaited"]
    #[track_caller]
    pub fn with<E, T, W>(&self, work: W) -> impl Future<Output = Result<T, E>> + use<'_, R, E, T, W>
    where
        W: AsyncFnOnce(&mut R) -> Result<T, E>
            + for<'r> WorkFn<&'r mut R, Result<T, E>>
            + Send
            + 'static,
        E: Failure + Send,
        T: Send + 'static,
    {
        let boxed = |sent| Box::new(sent) as Job<R>;
        self.0
            .call(work, boxed, Location::caller(), |returned| returned)
    }

    /// As [`with`](Self::with), for a closure that cannot fail and returns a plain value.
    ///
    /// # Errors
    ///
    /// As [`with`](Self::with), but for the closure's own.
    ///
    /// # Cancel safety
    ///
    /// As [`with`](Self::with).
    #[must_use = "nothing is run until this is awaited"]
    #[track_caller]
    pub fn with_ok<T, M, W>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, Error>> + use<'_, R, T, M, W>
    where
        W: AsyncFnOnce(&mut R) -> T + for<'r> WorkFn<&'r mut R, T> + Send + 'static,
        T: Infallible<M> + Send + 'static,
    {
        let boxed = |sent| Box::new(sent) as Job<R>;
        self.0.call(work, boxed, Location::caller(), Ok)
    }
}

impl<R: LocalResource + 'static> OwnerLocal<R> {
    /// As [`Owner::with`]; the closure is sent to the thread of the owner, and its future stays there.
    ///
    /// # Errors
    ///
    /// As [`Owner::with`].
    ///
    /// # Cancel safety
    ///
    /// As [`Owner::with`].
    #[must_use = "nothing is run until this is awaited"]
    #[track_caller]
    pub fn with<E, T, W>(&self, work: W) -> impl Future<Output = Result<T, E>> + use<'_, R, E, T, W>
    where
        W: AsyncFnOnce(&mut R) -> Result<T, E> + Send + 'static,
        E: Failure + Send,
        T: Send + 'static,
    {
        let boxed = |sent| Box::new(sent) as JobLocal<R>;
        self.0
            .call(work, boxed, Location::caller(), |returned| returned)
    }

    /// As [`with`](Self::with), for a closure that cannot fail and returns a plain value.
    ///
    /// # Errors
    ///
    /// As [`with`](Self::with), but for the closure's own.
    ///
    /// # Cancel safety
    ///
    /// As [`with`](Self::with).
    #[must_use = "nothing is run until this is awaited"]
    #[track_caller]
    pub fn with_ok<T, M, W>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, Error>> + use<'_, R, T, M, W>
    where
        W: AsyncFnOnce(&mut R) -> T + Send + 'static,
        T: Infallible<M> + Send + 'static,
    {
        let boxed = |sent| Box::new(sent) as JobLocal<R>;
        self.0.call(work, boxed, Location::caller(), Ok)
    }
}
