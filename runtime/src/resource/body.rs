//! What a body may return: bounds of `scope`, of `scope_ok` and its like, that exist for their error messages.

use std::any::type_name;
use std::fmt;

use crate::error::Error;

/// What a scope's body may fail with: any type that a [`lifespan::Error`](crate::Error) converts into (`From`) and that has a
/// text, which exits are told.
///
/// `anyhow::Error`, `Box<dyn Error + Send + Sync>` and [`lifespan::Error`](crate::Error) have it; an enum of your own
/// gets it with a variant that converts:
///
/// ```
/// #[derive(Debug)]
/// enum AppError { Lifespan(lifespan::Error), Parse(std::num::ParseIntError) }
///
/// impl From<lifespan::Error> for AppError {
///     fn from(error: lifespan::Error) -> Self { AppError::Lifespan(error) }
/// }
/// impl std::fmt::Display for AppError {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         write!(f, "{self:?}")
///     }
/// }
/// fn is_a_failure<E: lifespan::Failure>() {}
/// is_a_failure::<AppError>();
/// ```
///
/// With [`convert_errors!(AppError)`](crate::convert_errors), `?` converts the other errors of this crate as well. A type without
/// `Display`, as many are that become an HTTP response, says itself that it is one:
///
/// ```
/// struct AppError(String);
///
/// impl<E: std::error::Error> From<E> for AppError {
///     fn from(error: E) -> Self { AppError(error.to_string()) }
/// }
/// impl lifespan::Failure for AppError {
///     fn text(&self) -> String { self.0.clone() }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a scope's body cannot fail with `{Self}`",
    label = "`lifespan::Error` does not convert into `{Self}`, or that has no `Display`",
    note = "add a variant that does, `#[error(transparent)] Lifespan(#[from] lifespan::Error)`, or let the body fail \
            with `anyhow::Error` or `lifespan::Error`: `async |it| -> Result<_, lifespan::Error> {{ .. }}`",
    note = "for a type of your own that only has no `Display`: `impl lifespan::Failure for AppError {{}}`"
)]
pub trait Failure: From<Error> + 'static {
    /// The text that exits get when a body fails with it: [`Exit::error`](crate::Exit::error). The `Display` of a type that has one; else
    /// only the name of the type, unless you say more.
    #[must_use]
    fn text(&self) -> String {
        format!("`{}`, which has no `Display`", type_name::<Self>())
    }
}

#[diagnostic::do_not_recommend]
impl<E: From<Error> + fmt::Display + 'static> Failure for E {
    fn text(&self) -> String {
        self.to_string()
    }
}

/// A plain value is returned.
#[doc(hidden)]
#[derive(Debug)]
pub struct Value;

/// A `Result` is returned. rustc names this type when that is given to `scope_ok`, `with_ok` or `spawn_ok`.
#[doc(hidden)]
#[allow(non_camel_case_types, reason = "its name is the help text of rustc's error")]
#[derive(Debug)]
pub struct this_can_fail_so_use_the_method_without_ok;

/// Has one implementation for every type but two for `Result`, so that rustc cannot choose there: a failure must not look
/// like a success.
pub trait Infallible<Kind> {}

impl<T> Infallible<Value> for T {}
impl<T, E> Infallible<this_can_fail_so_use_the_method_without_ok> for Result<T, E> {}
