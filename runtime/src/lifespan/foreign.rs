//! [`Resource`]: a value of a type from another crate, together with its end.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::send_fn::SendFn2;
use crate::base::policy::Policy;
use crate::error::BoxError;
use crate::lifespan::{BoxFuture, Lifespan, LocalBoxFuture};
use crate::resource::enter::Enter;
use crate::resource::exit::Exit;
use crate::resource::{LocalResource, ScopedResource};

/// What an exit may return: nothing, or a `Result`.
#[diagnostic::on_unimplemented(
    message = "an exit must return `()` or `Result<(), _>`, not `{Self}`",
    label = "this is `{Self}`",
    note = "an exit gives no value; its error must convert into `Box<dyn Error + Send + Sync>`"
)]
pub trait Exited {
    /// Whether the exit succeeded.
    #[doc(hidden)]
    fn __into_result(self) -> Result<(), BoxError>;
}

impl Exited for () {
    #[inline]
    fn __into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> Exited for Result<(), E> {
    #[inline]
    fn __into_result(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// An exit closure in a box.
pub(crate) type ExitBox<T> = Box<dyn for<'x> FnOnce(T, &'x Exit) -> BoxFuture<'x, Result<(), BoxError>> + Send>;

/// A boxed exit closure that may borrow. A trait of its own, since `dyn FnOnce` cannot say that what it borrows outlives
/// the call.
trait LocalExit<'a, T> {
    fn call<'x>(self: Box<Self>, value: T, exit: &'x Exit) -> LocalBoxFuture<'x, Result<(), BoxError>>
    where
        'a: 'x;
}

impl<'a, T: 'a, O: Exited, X: AsyncFnOnce(T, &Exit) -> O + 'a> LocalExit<'a, T> for X {
    fn call<'x>(self: Box<Self>, value: T, exit: &'x Exit) -> LocalBoxFuture<'x, Result<(), BoxError>>
    where
        'a: 'x,
    {
        Box::pin(async { self(value, exit).await.__into_result() })
    }
}

/// A value and what to do at its end; made by [`Lifespan::new`]. It dereferences to the value.
///
/// Its exit is boxed, so that the type can be named.
///
/// If `T` mentions a lifetime, be it `'static` (`sqlx::Transaction<'static, Postgres>`), an `async fn` or block that uses a
/// `Resource<T>` is not seen to be `Send`, so that it cannot be spawned, nor be a handler of axum's: rustc forgets lifetimes there
/// ("implementation of `AsyncFnOnce` is not general enough", or "of `Send`"). Put such a value into a type of your own without
/// parameters, and annotate that with [`#[scoped_resource]`](crate::scoped_resource); or [return the scope from a plain
/// `fn`](Lifespan::scope).
pub struct Resource<T> {
    value: T,
    /// Never locked: only so that a resource is `Sync` if its value is, and can be lent to others.
    exit: Mutex<ExitBox<T>>,
}

/// As [`Resource`], for values and exits that are not `Send + 'static`; made by [`Lifespan::new_local`].
pub struct ResourceLocal<'a, T> {
    value: T,
    exit: Box<dyn LocalExit<'a, T> + 'a>,
}

impl<T> Lifespan<Resource<T>>
where
    T: Send // if it is not: `Lifespan::new_local`
        + 'static, // if it borrows: `Lifespan::new_local`
{
    /// The life of a type from another crate: how it is entered, and what to do at its end, knowing why.
    ///
    /// ```
    /// use lifespan::{Enter, Lifespan, Resource};
    /// # struct Pool; struct Tx;
    /// # impl Pool { async fn begin(&self) -> std::io::Result<Tx> { Ok(Tx) } }
    /// # impl Tx {
    /// #     async fn commit(self) -> std::io::Result<()> { Ok(()) }
    /// #     async fn rollback(self) -> std::io::Result<()> { Ok(()) }
    /// # }
    ///
    /// fn transaction(pool: &Pool) -> Lifespan<Resource<Tx>, impl Enter<Resource<Tx>>> {
    ///     Lifespan::new(pool.begin(), async |tx: Tx, exit| {
    ///         if exit.is_clean() { tx.commit().await } else { tx.rollback().await }
    ///     })
    /// }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// transaction(&Pool).scope_ok(async |_tx| ()).await
    /// # }
    /// ```
    ///
    /// In a handler or a spawned task, a `T` with a lifetime (`sqlx::Transaction<'static, _>`) does not compile in an `async fn` or
    /// block: [what does](Lifespan::scope).
    ///
    /// An enter that cannot fail gives `Ok::<_, std::convert::Infallible>(value)`; an exit that uses `?` says what it fails
    /// with, `async |it, _| -> Result<(), BoxError> { .. }`. The body of a scope gets `&mut Resource<T>`, which
    /// dereferences to the value.
    #[allow(
        clippy::new_ret_no_self,
        reason = "`Lifespan` alone is the boxed form; this one names its enter"
    )]
    #[track_caller]
    pub fn new<E, O, X, F>(enter: F, exit: X) -> Lifespan<Resource<T>, WithExit<F, X, O>>
    where
        F: Future<Output = Result<T, E>>,
        E: Into<BoxError>,
        X: AsyncFnOnce(T, &Exit) -> O + for<'x> SendFn2<T, &'x Exit, O> + Send + 'static,
        O: Exited,
    {
        Lifespan::of(WithExit {
            enter,
            exit: Some(exit),
            exited: PhantomData,
        })
    }
}

pin_project! {
    // A type rather than an opaque future: rustc checks the bounds of an opaque one again wherever it is used, and each
    // mistake in a call of `Lifespan::new` would be told four times.
    #[doc(hidden)]
    pub struct WithExit<F, X, O> {
        #[pin]
        enter: F,
        exit: Option<X>,
        exited: PhantomData<fn() -> O>,
    }
}

impl<T, E, O, X, F> Future for WithExit<F, X, O>
where
    T: Send + 'static,
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
    X: AsyncFnOnce(T, &Exit) -> O + for<'x> SendFn2<T, &'x Exit, O> + Send + 'static,
    O: Exited,
{
    type Output = Result<Resource<T>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.enter.poll(cx).map_ok(|value| {
            let Some(exit) = this.exit.take() else {
                panic!("enter polled after it ended")
            };
            let exit: ExitBox<T> = Box::new(|value, why| Box::pin(async { exit(value, why).await.__into_result() }));
            Resource {
                value,
                exit: Mutex::new(exit),
            }
        })
    }
}

impl<F, X, O> fmt::Debug for WithExit<F, X, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithExit").finish_non_exhaustive()
    }
}

impl<'a, T> Lifespan<ResourceLocal<'a, T>> {
    /// As [`Lifespan::new`], for a value or an exit that is not `Send + 'static`. Abandoned, it can be neither adopted
    /// nor rescued (law 3).
    #[track_caller]
    pub fn new_local<E, O, X, F>(enter: F, exit: X) -> Lifespan<ResourceLocal<'a, T>, impl Enter<ResourceLocal<'a, T>>>
    where
        F: Future<Output = Result<T, E>>,
        E: Into<BoxError>,
        X: AsyncFnOnce(T, &Exit) -> O + 'a,
        O: Exited,
        T: 'a,
    {
        Lifespan::of(async {
            Ok::<_, E>(ResourceLocal {
                value: enter.await?,
                exit: Box::new(exit),
            })
        })
    }
}

impl<T> Resource<T> {
    /// A value that is there already.
    pub(crate) fn ending(value: T, exit: ExitBox<T>) -> Self {
        Resource {
            value,
            exit: Mutex::new(exit),
        }
    }
}

impl<'a, T: 'a> ResourceLocal<'a, T> {
    /// A value that is there already.
    pub(crate) fn ending<O: Exited>(value: T, exit: impl AsyncFnOnce(T, &Exit) -> O + 'a) -> Self {
        ResourceLocal {
            value,
            exit: Box::new(exit),
        }
    }
}

impl<T: Send + 'static> ScopedResource for Resource<T> {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        let end = self.exit.into_inner().unwrap_or_else(PoisonError::into_inner);
        end(self.value, exit).await
    }

    fn policy() -> Policy {
        Policy::of::<T>()
    }
}

impl<T> LocalResource for ResourceLocal<'_, T> {
    async fn exit_local(self, exit: &Exit) -> Result<(), BoxError> {
        self.exit.call(self.value, exit).await
    }

    fn policy() -> Policy {
        Policy::of::<T>()
    }
}

impl<T> Deref for Resource<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Resource<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Deref for ResourceLocal<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for ResourceLocal<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Resource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resource").field(&self.value).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for ResourceLocal<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResourceLocal").field(&self.value).finish()
    }
}
