//! What a child may return: a bound of `spawn` that exists for its error message, and [`ChildCode`], one future for those of `spawn` and
//! `spawn_ok`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::error::BoxError;

/// What a child that can fail returns.
#[diagnostic::on_unimplemented(
    message = "a child that `spawn` starts must return a `Result`, not `{Self}`",
    label = "this is `{Self}`",
    note = "for a child that cannot fail there is `spawn_ok`; an error must convert into `Box<dyn Error + Send + Sync>`"
)]
pub trait ChildEnd {
    /// What its [`Child`](super::Child) gives.
    type Value;

    /// Whether it succeeded.
    #[doc(hidden)]
    fn __into_result(self) -> Result<Self::Value, BoxError>;
}

#[diagnostic::do_not_recommend]
impl<T, E: Into<BoxError>> ChildEnd for Result<T, E> {
    type Value = T;

    fn __into_result(self) -> Result<T, BoxError> {
        self.map_err(Into::into)
    }
}

pin_project! {
    /// What a child runs, and what of it says whether it succeeded.
    pub(super) struct ChildCode<F: Future, T> {
        #[pin]
        pub(super) future: F,
        pub(super) result: fn(F::Output) -> Result<T, BoxError>,
    }
}

impl<F: Future, T> Future for ChildCode<F, T> {
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.future.poll(cx).map(this.result)
    }
}
