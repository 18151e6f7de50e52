//! [`Resource`]: a value of a type from another crate, together with its end.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::ending::{EndBox, Exited};
use super::kind::{Kind, Local, Sendable};
use super::send_fn::SendFn2;
use crate::base::opaque::opaque_debug;
use crate::base::policy::Policy;
use crate::error::BoxError;
use crate::lifespan::Lifespan;
use crate::resource::enter::Enter;
use crate::resource::exit::Exit;
use crate::resource::{LocalResource, ScopedResource};

/// A value and what to do at its end; made by [`Lifespan::new`]. It dereferences to the value.
///
/// Its exit is boxed, so that the type can be named. [`local::Resource`](crate::local::Resource) is the form for values and exits
/// that are not `Send + 'static`.
///
/// If `T` mentions a lifetime, even `'static` (`sqlx::Transaction<'static, Postgres>`), rustc does not see that an `async fn` or block
/// that uses a `Resource<T>` is `Send`. So it cannot be spawned, nor be an axum handler: rustc forgets lifetimes there
/// ("implementation of `AsyncFnOnce` is not general enough", or "of `Send`"). Put such a value into a type of your own without
/// parameters, and annotate that with [`#[scoped_resource]`](crate::scoped_resource); or [return the scope from a plain
/// `fn`](Lifespan::scope).
pub struct Resource<T, K: Kind = Sendable> {
    value: T,
    exit: K::End<T>,
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
    /// fn transaction(
    ///     pool: &Pool,
    /// ) -> Lifespan<Resource<Tx>, impl Enter<Resource<Tx>>> {
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
        Lifespan::of(WithExit { enter, exit: Some(exit), exited: PhantomData })
    }
}

pin_project! {
    /// The enter of [`Lifespan::new`](crate::Lifespan::new), with the exit of what it gives.
    //
    // A type rather than an opaque future: rustc checks the bounds of an opaque one again wherever it is used, and each
    // mistake in a call of `Lifespan::new` would be told four times.
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
            Resource::ending(
                value,
                Box::new(|value, why| Box::pin(async { exit(value, why).await.__into_result() })),
            )
        })
    }
}

opaque_debug!([F, X, O] WithExit<F, X, O>, "WithExit");

impl<'a, T> Lifespan<Resource<T, Local<'a>>> {
    /// As [`Lifespan::new`], for a value or an exit that is not `Send + 'static`. Abandoned, it can be neither adopted
    /// nor rescued ([law 3]).
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    #[track_caller]
    pub fn new_local<E, O, X, F>(
        enter: F,
        exit: X,
    ) -> Lifespan<Resource<T, Local<'a>>, impl Enter<Resource<T, Local<'a>>>>
    where
        F: Future<Output = Result<T, E>>,
        E: Into<BoxError>,
        X: AsyncFnOnce(T, &Exit) -> O + 'a,
        O: Exited,
        T: 'a,
    {
        Lifespan::of(async { Ok::<_, E>(Resource::ending_local(enter.await?, exit)) })
    }
}

impl<T> Resource<T> {
    /// A value that is there already.
    pub(crate) fn ending(value: T, exit: EndBox<T>) -> Self {
        let exit = Mutex::new(exit);
        Resource { value, exit }
    }
}

impl<'a, T: 'a> Resource<T, Local<'a>> {
    /// As [`ending`](Resource::ending), with an end that may borrow.
    pub(crate) fn ending_local<O: Exited>(value: T, exit: impl AsyncFnOnce(T, &Exit) -> O + 'a) -> Self {
        let exit = Box::new(exit);
        Resource { value, exit }
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

impl<T> LocalResource for Resource<T, Local<'_>> {
    async fn exit_local(self, exit: &Exit) -> Result<(), BoxError> {
        self.exit.call(self.value, exit).await
    }

    fn policy() -> Policy {
        Policy::of::<T>()
    }
}

impl<T, K: Kind> Deref for Resource<T, K> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T, K: Kind> DerefMut for Resource<T, K> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug, K: Kind> fmt::Debug for Resource<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resource").field(&self.value).finish()
    }
}
