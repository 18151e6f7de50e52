//! What a child may return: a bound of `spawn` that exists for its error message, and the futures that make one kind of
//! children of those of `spawn` and `spawn_ok`.

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
    /// A child that can fail.
    pub(super) struct Fallible<F> {
        #[pin]
        pub(super) future: F,
    }
}

impl<F: Future<Output: ChildEnd>> Future for Fallible<F> {
    type Output = Result<<F::Output as ChildEnd>::Value, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(ChildEnd::__into_result)
    }
}

pin_project! {
    /// A child that cannot fail.
    pub(super) struct Plain<F> {
        #[pin]
        pub(super) future: F,
    }
}

impl<F: Future> Future for Plain<F> {
    type Output = Result<F::Output, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(Ok)
    }
}
