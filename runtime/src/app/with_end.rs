//! [`WithEnd`]: the enter of a value whose end is beside it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::error::BoxError;

pin_project! {
    /// The enter of a `V` whose end is beside it, as an `R`.
    pub struct WithEnd<F, O, V, R> {
        #[pin]
        enter: F,
        // That the future's output, `O`, gives a `V` is asked for once, where this is made: what is wrong there is then told once.
        given: fn(O) -> Result<V, BoxError>,
        close: fn(V) -> R,
    }
}

impl<F, O: Gives<V>, V, R> WithEnd<F, O, V, R> {
    pub(super) fn new(enter: F, close: fn(V) -> R) -> Self {
        WithEnd { enter, given: O::__into_result, close }
    }
}

impl<F: Future<Output = O>, O, V, R> Future for WithEnd<F, O, V, R> {
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
    label = "this is a future of the field's own type",
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
