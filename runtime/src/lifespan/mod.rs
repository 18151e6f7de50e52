//! [`Lifespan`]: the lazy description of a resource's life, and the ways to run it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::base::entry::{Entry, EntryParts, Subject};
use crate::base::identity::Checkpoint;
use crate::base::policy::Policy;
use crate::error::{BoxError, Error};
use crate::live::{Live, enter_guard};
use crate::resource::LocalResource;
use crate::resource::body::{Failure, Infallible};
use crate::resource::enter::{Enter, Entering};
use crate::scope::enter_then::EnterThen;
use crate::scope::held::{Held, Settled};
use crate::scope::run::run;
use crate::scope::tie::{InTask, Tie, TieKind};

// First: the pages of rustdoc have methods in this order.
pub(crate) mod foreign;

mod blocking;
pub(crate) mod ending;
pub(crate) mod held;
pub(crate) mod kind;
pub(crate) mod scope_macro;
pub(crate) mod send_fn;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A boxed future that stays on its thread.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The description of a resource's life: a future that enters it, its name and its budgets.
///
/// Nothing runs until it is [scoped](Lifespan::scope) or [entered](Lifespan::enter). `Lifespan<R>` alone is the boxed
/// form, which can be named, stored and returned from a trait; [`boxed`](Lifespan::boxed) makes it.
///
/// ```
/// use lifespan::Lifespan;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// let open = async { Ok::<_, std::io::Error>(vec![1, 2]) };
/// let file = Lifespan::new(open, async |file, exit| {
///     let end = if exit.is_clean() { "kept" } else { "removed" };
///     println!("{} bytes {end}", file.len());
/// });
/// let sum = file
///     .named("draft")
///     .scope_ok(async |file| file.iter().sum::<i32>())
///     .await?;
/// assert_eq!(sum, 3);
/// # Ok(())
/// # }
/// ```
#[must_use = "a `Lifespan` does nothing until it is scoped or entered"]
pub struct Lifespan<R, F = BoxFuture<'static, Result<R, BoxError>>> {
    enter: F,
    entry: Entry,
    resource: PhantomData<fn() -> R>,
}

impl<R: LocalResource, F: Enter<R>> Lifespan<R, F> {
    /// Enters the resource, runs `body` with it, exits it, and returns what the body returned.
    ///
    /// The exit runs, and is awaited in this task, when the body returns, errs or panics ([law 2]); its
    /// [cause](crate::Exit::cause) follows the body's `Result`. When this future is dropped before that, an enclosing
    /// scope adopts the exit, or else it is rescued ([law 3]).
    ///
    /// The body is an `async` closure, `async |it| { .. }`. You choose its error type; usually you must write it:
    ///
    /// ```
    /// # use lifespan::Lifespan;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> anyhow::Result<()> {
    /// # let numbers = Lifespan::new(async { Ok::<_, std::io::Error>("42") }, async |_, _| ());
    /// let n = numbers
    ///     .scope(async |text| -> anyhow::Result<_> { Ok(text.parse::<u32>()?) })
    ///     .await?;
    /// assert_eq!(n, 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Where the error type is missing, rustc says "type annotations needed" at the `Ok(..)` of the body, and
    /// "cannot satisfy `_: Failure`". It says "type annotations needed" at the parameter as well if the closure is not
    /// `async` but returns an async block, `|it| async { .. }`: write `async |it| { .. }`.
    ///
    /// # Types with a lifetime, in a handler or a spawned task
    ///
    /// An `async fn` or block that must be `Send` forgets the lifetimes in the types that it holds, `'static` among them. If the
    /// type of the resource has one (`Tx<'a>`, `Pool<&'static str>`), rustc refuses a closure there: "implementation of
    /// `AsyncFnOnce` is not general enough". The way out depends on the resource:
    ///
    /// - One that is local and borrows (`Tx<'a>`): [`scope!`](crate::scope!), a guard, or a named `async fn` as the body.
    /// - One that is not, such as the [`Resource`](crate::Resource) of sqlx's `Transaction<'static, _>`, is refused in these forms
    ///   too. Put the value into a type of your own without a lifetime, with [`#[scoped_resource]`](crate::scoped_resource); or
    ///   return the scope from a plain `fn`, without an `async` block around it:
    ///
    /// ```
    /// # use std::io;
    /// # use lifespan::Lifespan;
    /// # struct Transaction<'c>(&'c str);
    /// # impl Transaction<'_> { async fn commit(self) {} async fn rollback(self) {} async fn insert(&mut self) -> io::Result<u32> { Ok(self.0.len() as u32) } }
    /// # struct Pool;
    /// # impl Pool { async fn begin(&self) -> io::Result<Transaction<'static>> { Ok(Transaction("seven")) } }
    /// fn order(
    ///     pool: &Pool,
    /// ) -> impl Future<Output = Result<u32, anyhow::Error>> + Send {
    ///     Lifespan::new(pool.begin(), async |tx: Transaction<'static>, exit| {
    ///         if exit.is_clean() { tx.commit().await } else { tx.rollback().await }
    ///     })
    ///     .scope(async |tx| -> Result<u32, anyhow::Error> { Ok(tx.insert().await?) })
    /// }
    ///
    /// # #[tokio::main] async fn main() -> Result<(), anyhow::Error> {
    /// let id = tokio::spawn(async { order(&Pool).await }).await??;
    /// assert_eq!(id, 5);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The body's own error, untouched; else, as `E::from(lifespan::Error)`, the failure of the enter, what a
    /// [`Service`](crate::Service) failed with while the body used it ([law 21]), or the failure of the first exit that failed.
    /// Other failures are attached if the error is a [`lifespan::Error`](Error), else they are
    /// [reported](crate::event) ([law 23]).
    ///
    /// # Panics
    ///
    /// With the body's panic, after the exit has run; with an exit's panic if nothing else failed ([law 24]). In builds
    /// with [checks](crate::checks_enabled), when another task polls it than the one that polled it first ([law 10]).
    ///
    /// # Cancel safety
    ///
    /// Dropped while entering, the enter's future is dropped, and what it has done by then is its own to undo; dropped in
    /// the body, [law 3]; dropped in the exit, the exit
    /// is interrupted and reported ([law 6]).
    ///
    /// [law 2]: crate::guide::guarantees#law-2
    /// [law 3]: crate::guide::guarantees#law-3
    /// [law 6]: crate::guide::guarantees#law-6
    /// [law 10]: crate::guide::guarantees#law-10
    /// [law 21]: crate::guide::guarantees#law-21
    /// [law 23]: crate::guide::guarantees#law-23
    /// [law 24]: crate::guide::guarantees#law-24
    #[must_use = "nothing is entered until the scope is awaited"]
    #[inline]
    #[track_caller]
    pub fn scope<E, T>(self, body: impl AsyncFnOnce(&mut R) -> Result<T, E>) -> impl Future<Output = Result<T, E>>
    where
        E: Failure, // which one? `async |it| -> Result<_, lifespan::Error> { .. }`
    {
        self.entering(Location::caller(), |held| run(held, body, |result| result))
    }

    /// As [`scope`](Lifespan::scope), for a body that cannot fail and returns a plain value.
    ///
    /// A body that returns a `Result` does not compile here: its error would look like a success to the exit. rustc then
    /// says "type annotations needed" and names `this_can_fail_so_use_the_method_without_ok`.
    ///
    /// # Errors
    ///
    /// The failure of the enter or of the first exit that failed, with the rest attached.
    ///
    /// # Panics
    ///
    /// With the body's panic, after the exit has run; with an exit's panic if nothing else failed ([law
    /// 24](crate::guide::guarantees#law-24)). In builds with [checks](crate::checks_enabled), when another task polls
    /// it than the one that polled it first ([law 10](crate::guide::guarantees#law-10)).
    ///
    /// # Cancel safety
    ///
    /// Dropped while entering, the enter's future is dropped, and what it has done by then is its own to undo; dropped
    /// in the body, [law 3](crate::guide::guarantees#law-3); dropped in the exit, the exit is interrupted and reported
    /// ([law 6](crate::guide::guarantees#law-6)).
    #[must_use = "nothing is entered until the scope is awaited"]
    #[inline]
    #[track_caller]
    pub fn scope_ok<T, M>(self, body: impl AsyncFnOnce(&mut R) -> T) -> impl Future<Output = Result<T, Error>>
    where
        T: Infallible<M>,
    {
        self.entering(Location::caller(), |held| run(held, body, Ok))
    }

    /// Enters the resource and gives it in a guard, for code that a closure does not fit: loops, early exits.
    ///
    /// The guard is exited by hand: [`Live::exit`] or [`Live::exit_with`].
    ///
    /// ```
    /// # use lifespan::Lifespan;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// # let numbers = || Lifespan::new(async { Ok::<_, std::io::Error>(vec![1]) }, async |_, _| ());
    /// let mut live = numbers().enter().await?;
    /// live.push(2);
    /// live.exit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The failure of the enter.
    ///
    /// # Panics
    ///
    /// With the enter's panic. In builds with [checks](crate::checks_enabled), when another task polls it than the one
    /// that polled it first.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the enter's future is dropped and there is no resource to exit. What that future has
    /// done in the outside world by then is its own to undo: a guard inside of it, or a scope.
    #[must_use = "nothing is entered until this is awaited"]
    #[inline]
    #[track_caller]
    pub fn enter(self) -> impl Future<Output = Result<Live<R>, Error>> {
        self.enter_at(Location::caller())
    }

    /// The life of a type that knows its own end: `enter` gives an `R` or a `Result<R, E>`.
    ///
    /// For a type from another crate, [`Lifespan::new`] takes the end as well.
    #[inline]
    #[track_caller]
    pub fn of(enter: F) -> Self {
        let entry = Entry::new(R::policy(), Location::caller());
        Lifespan { enter, entry, resource: PhantomData }
    }

    /// Sets the name that errors and reports use for this resource.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.entry.policy = self.entry.policy.named(name);
        self
    }

    /// Sets how long entering may take; `None` takes the bound away. There is none by default.
    ///
    /// On overrun the enter's future is dropped, and the scope fails with an error that
    /// [is a timeout](Error::is_timeout).
    ///
    /// # Panics
    ///
    /// If the budget is zero.
    #[track_caller]
    pub fn enter_timeout(mut self, budget: impl Into<Option<Duration>>) -> Self {
        self.entry.policy = self.entry.policy.enter_timeout(budget);
        self
    }

    /// Sets how long exiting may take; `None` takes the bound away. The default is
    /// [ten seconds](crate::DEFAULT_EXIT_TIMEOUT).
    ///
    /// On overrun the exit's future is dropped and the next exit proceeds ([law 6]).
    ///
    /// # Panics
    ///
    /// If the budget is zero.
    ///
    /// [law 6]: crate::guide::guarantees#law-6
    #[track_caller]
    pub fn exit_timeout(mut self, budget: impl Into<Option<Duration>>) -> Self {
        self.entry.policy = self.entry.policy.exit_timeout(budget);
        self
    }

    /// Its name and budgets.
    pub fn policy(&self) -> &Policy {
        &self.entry.policy
    }

    #[inline]
    pub(crate) fn enter_at(self, place: &'static Location<'static>) -> impl Future<Output = Result<Live<R>, Error>> {
        self.entering(place, enter_guard)
    }

    /// The same life with its enter in a box: `Lifespan<R>`, which can be named.
    pub fn boxed<'a>(self) -> Lifespan<R, BoxFuture<'a, Result<R, BoxError>>>
    where
        F: Send + 'a,
        R: 'a,
    {
        let Lifespan { enter, entry, resource } = self;
        Lifespan { enter: Box::pin(Entering::new(enter)), entry, resource }
    }

    /// As [`boxed`](Lifespan::boxed), for an enter that is not `Send`.
    pub fn boxed_local<'a>(self) -> Lifespan<R, LocalBoxFuture<'a, Result<R, BoxError>>>
    where
        F: 'a,
        R: 'a,
    {
        let Lifespan { enter, entry, resource } = self;
        Lifespan { enter: Box::pin(Entering::new(enter)), entry, resource }
    }
}

impl<R: LocalResource, F> Lifespan<R, F> {
    /// Who it is, entered there.
    pub(crate) fn subject(&self, place: &'static Location<'static>) -> Subject {
        Subject { place, ..self.entry.subject() }
    }

    /// Enters the resource as a member of something that holds it; that may do without an optional one.
    pub(crate) fn hold(self, place: &'static Location<'static>, is_optional: bool) -> Holding<R, F> {
        let (enter, entry) = self.entered_at(place);
        let kind = if is_optional { TieKind::entering(&entry) } else { TieKind::Member };
        let tie = Tie::new(Checkpoint::at_first_poll(&entry), kind);
        InTask::tied(tie, EnterThen::new(enter, entry, Settled::new))
    }

    /// Enters the resource, and then does what follows.
    #[inline]
    fn entering<N, B>(
        mut self,
        place: &'static Location<'static>,
        next: N,
    ) -> InTask<EnterThen<Entering<F, R>, R, N, B>>
    where
        N: FnOnce(Held<R>) -> B,
    {
        self.entry.place = place;
        let tie = Tie::entering(&self.entry);
        InTask::tied(tie, EnterThen::new(Entering::new(self.enter), self.entry, next))
    }

    /// One whose name and budgets are another's.
    pub(crate) fn described(enter: F, entry: Entry) -> Self {
        Lifespan { enter, entry, resource: PhantomData }
    }

    /// Its parts, for what describes another life around it, from there.
    pub(crate) fn into_description(self, place: &'static Location<'static>) -> (F, Entry) {
        let entry = Entry { place, ..self.entry };
        (self.enter, entry)
    }

    pub(crate) fn with_policy(mut self, policy: Policy) -> Self {
        self.entry.policy = policy;
        self
    }

    pub(crate) fn with_parts(mut self, parts: Arc<EntryParts>) -> Self {
        self.entry.parts = Some(parts);
        self
    }

    #[inline]
    pub(crate) fn entered_at(self, place: &'static Location<'static>) -> (Entering<F, R>, Entry) {
        (Entering::new(self.enter), Entry { place, ..self.entry })
    }
}

type Hold<R> = fn(Held<R>) -> Settled<R>;

/// The future of [`Lifespan::hold`].
pub(crate) type Holding<R, F> = InTask<EnterThen<Entering<F, R>, R, Hold<R>, Settled<R>>>;

impl<R, F> fmt::Debug for Lifespan<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifespan")
            .field("policy", &self.entry.policy)
            .field("place", &format_args!("{}", self.entry.place))
            .finish_non_exhaustive()
    }
}
