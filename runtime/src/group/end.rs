//! What a child may return: bounds of `spawn` and `spawn_ok` that exist for their error messages, and the futures that make
//! one kind of both.

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
    fn into_result(self) -> Result<Self::Value, BoxError>;
}

#[diagnostic::do_not_recommend]
impl<T, E: Into<BoxError>> ChildEnd for Result<T, E> {
    type Value = T;

    fn into_result(self) -> Result<T, BoxError> {
        self.map_err(Into::into)
    }
}

/// A child that returns a plain value.
#[doc(hidden)]
#[derive(Debug)]
pub struct Value;

/// A child that returns a `Result`. rustc names this type when one is given to `spawn_ok`.
#[doc(hidden)]
#[allow(
    non_camel_case_types,
    reason = "its name is the help text of rustc's error"
)]
#[derive(Debug)]
pub struct this_child_can_fail_so_use_spawn_instead;

/// Has one implementation for every type but two for `Result`, so that rustc cannot choose there: a failed child must not
/// look like a success.
#[doc(hidden)]
pub trait PlainEnd<Kind> {}

impl<T> PlainEnd<Value> for T {}
impl<T, E> PlainEnd<this_child_can_fail_so_use_spawn_instead> for Result<T, E> {}

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
        self.project().future.poll(cx).map(ChildEnd::into_result)
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
