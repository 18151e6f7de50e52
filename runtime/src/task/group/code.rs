//! What a child may return: a bound of `spawn` that exists for its error message.

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
