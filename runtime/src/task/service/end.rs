//! [`ServiceEnd`]: what a service may return.

use crate::error::BoxError;

/// What a service may return: nothing, a `Result`, or never.
#[diagnostic::on_unimplemented(
    message = "a service must return `()` or `Result<(), _>`, not `{Self}`",
    label = "this is `{Self}`",
    note = "one that never ends returns `!`, or is started with `ServiceOptions::new().stop_by_cancelling()`, and is ended by \
            cancelling it",
    note = "what it gives its users it gives to `ready.set(..)`; its error must convert into \
            `Box<dyn Error + Send + Sync>`"
)]
pub trait ServiceEnd {
    /// Whether it succeeded.
    #[doc(hidden)]
    fn __into_result(self) -> Result<(), BoxError>;

    /// Whether it can only be ended by cancelling it.
    #[doc(hidden)]
    #[must_use]
    fn __by_cancelling() -> bool {
        false
    }
}

#[diagnostic::do_not_recommend]
impl ServiceEnd for () {
    fn __into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> ServiceEnd for Result<(), E> {
    fn __into_result(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// A loop without an end, which is cancelled. The type `!` cannot be written yet, but found.
#[diagnostic::do_not_recommend]
#[doc(hidden)]
impl ServiceEnd for Never {
    fn __into_result(self) -> Result<(), BoxError> {
        self
    }

    fn __by_cancelling() -> bool {
        true
    }
}

type Never = <fn() -> ! as Returning>::ReturnType;

/// Names what a function type returns.
#[doc(hidden)]
pub trait Returning {
    /// It.
    type ReturnType;
}

impl<R> Returning for fn() -> R {
    type ReturnType = R;
}
