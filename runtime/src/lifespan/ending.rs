//! How the value of a [`Resource`](super::foreign::Resource) ends: a closure in a box, and what it may return.

use super::{BoxFuture, LocalBoxFuture};
use crate::error::BoxError;
use crate::resource::exit::Exit;

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

/// One that may leave its task.
pub(crate) type EndBox<T> = Box<dyn for<'x> FnOnce(T, &'x Exit) -> BoxFuture<'x, Result<(), BoxError>> + Send>;

/// One that may borrow.
pub(crate) type EndBoxLocal<'a, T> = Box<dyn LocalEnd<'a, T> + 'a>;

/// A trait of its own, since `dyn FnOnce` cannot say that what it borrows outlives the call.
pub trait LocalEnd<'a, T> {
    fn call<'x>(self: Box<Self>, value: T, exit: &'x Exit) -> LocalBoxFuture<'x, Result<(), BoxError>>
    where
        'a: 'x;
}

impl<'a, T: 'a, O: Exited, X: AsyncFnOnce(T, &Exit) -> O + 'a> LocalEnd<'a, T> for X {
    fn call<'x>(self: Box<Self>, value: T, exit: &'x Exit) -> LocalBoxFuture<'x, Result<(), BoxError>>
    where
        'a: 'x,
    {
        Box::pin(async { self(value, exit).await.__into_result() })
    }
}
