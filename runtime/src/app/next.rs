//! [`Next`]: what makes a member's lifespan of what it is given.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::resources::Closed;
use crate::error::BoxError;
use crate::lifespan::Lifespan;
use crate::resource::LocalResource;

/// Makes the life of an `R`, which `F` enters, of `A`.
pub trait Next<A, R, F> {
    /// Makes it.
    fn __next(self, args: A) -> Lifespan<R, F>;
}

/// The user's closure gives a lifespan.
#[derive(Debug)]
pub struct Direct<N>(pub(super) N);

impl<A, R, F, N: FnOnce(A) -> Lifespan<R, F>> Next<A, R, F> for Direct<N> {
    fn __next(self, args: A) -> Lifespan<R, F> {
        (self.0)(args)
    }
}

/// The user's closure gives a future of a `V`, whose end is beside it: together they are an `R`.
pub struct WithEnd<N, O, V, R> {
    next: N,
    // That the future's output, `O`, gives a `V` is asked for once, where this is made: what is wrong there is then told once.
    given: fn(O) -> Result<V, BoxError>,
    close: fn(V) -> R,
}

impl<N, O: Gives<V>, V, R: Closed<V>> WithEnd<N, O, V, R> {
    pub(super) fn new(next: N) -> Self {
        WithEnd {
            next,
            given: O::__into_result,
            close: R::__close,
        }
    }
}

impl<A, N, F, O, V, R> Next<A, R, Entering<F, O, V, R>> for WithEnd<N, O, V, R>
where
    N: FnOnce(A) -> F,
    F: Future<Output = O>,
    R: LocalResource,
{
    fn __next(self, args: A) -> Lifespan<R, Entering<F, O, V, R>> {
        Lifespan::of(Entering {
            enter: (self.next)(args),
            given: self.given,
            close: self.close,
            resource: PhantomData,
        })
    }
}

pin_project! {
    /// The enter of a `V` whose end is beside it, as an `R`.
    pub struct Entering<F, O, V, R> {
        #[pin]
        enter: F,
        given: fn(O) -> Result<V, BoxError>,
        close: fn(V) -> R,
        resource: PhantomData<fn() -> R>,
    }
}

impl<F: Future<Output = O>, O, V, R> Future for Entering<F, O, V, R> {
    type Output = Result<R, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let given = ready!(this.enter.poll(cx));
        Poll::Ready((this.given)(given).map(*this.close))
    }
}

/// What entering a value gives whose end is beside it: the value, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "entering this member must give `{V}`, or a `Result` of it whose error can be carried, not `{Self}`",
    label = "with `#[exit(async |..| ..)]`, this is a future of the field's own type",
    note = "an error can be carried if it converts into `Box<dyn Error + Send + Sync>`"
)]
pub trait Gives<V> {
    /// The value, or why there is none.
    fn __into_result(self) -> Result<V, BoxError>;
}

#[diagnostic::do_not_recommend]
impl<V> Gives<V> for V {
    fn __into_result(self) -> Result<V, BoxError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<V, E: Into<BoxError>> Gives<V> for Result<V, E> {
    fn __into_result(self) -> Result<V, BoxError> {
        self.map_err(Into::into)
    }
}

impl<N, O, V, R> fmt::Debug for WithEnd<N, O, V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithEnd").finish_non_exhaustive()
    }
}

impl<F, O, V, R> fmt::Debug for Entering<F, O, V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entering").finish_non_exhaustive()
    }
}
