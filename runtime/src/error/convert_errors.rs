//! `convert_errors!`: for a `?` on each error of this crate, in a body that fails with an error of the user's.

/// Lets `?` convert every error of this crate into one of yours that [`lifespan::Error`](crate::Error) converts into.
///
/// Some functions have an error of their own, since it gives something back or says more: [`Cancelled`](crate::Cancelled),
/// [`TaskError`](crate::task::TaskError), [`Rejected`](crate::task::Rejected) and [`InsertError`](crate::keyed::InsertError). Each
/// converts into a `lifespan::Error`, but `?` takes one step only, and no variant can be written for those that are generic. One
/// line makes the second step:
///
/// ```
/// use lifespan::{Lifespan, OwnerMap, convert_errors};
///
/// #[derive(Debug)]
/// enum AppError { Lifespan(lifespan::Error) }
///
/// impl From<lifespan::Error> for AppError {
///     fn from(error: lifespan::Error) -> Self { AppError::Lifespan(error) }
/// }
/// convert_errors!(AppError);
/// # impl std::fmt::Display for AppError {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{self:?}") }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), AppError> {
/// # let connect = |n: u32| Lifespan::new(async move { Ok::<_, std::io::Error>(n) }, async |_, _| ());
/// OwnerMap::new().scope(async |peers| -> Result<(), AppError> {
///     peers.insert("a", connect(1)).await?;
///     peers.remove(&"a").await?;
///     Ok(())
/// }).await
/// # }
/// ```
///
/// What an error gives back, a lifespan that was not let in, say, is dropped. For a single one there is
/// `.map_err(lifespan::Error::from)?`.
#[macro_export]
macro_rules! convert_errors {
    ($error:ty) => {
        $crate::convert_errors!(@ $error: [] $crate::Cancelled);
        $crate::convert_errors!(@ $error: [] $crate::__private::TaskError);
        $crate::convert_errors!(@ $error: [T: ::core::marker::Send + 'static] $crate::__private::Rejected<T>);
        $crate::__convert_map_errors!($error);
    };
    (@ $error:ty: [$($generics:tt)*] $from:ty) => {
        impl<$($generics)*> ::core::convert::From<$from> for $error {
            #[track_caller]
            fn from(error: $from) -> Self {
                let error: $crate::Error = ::core::convert::From::from(error);
                ::core::convert::From::from(error)
            }
        }
    };
}

/// Those of the feature `keyed`.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "keyed")]
macro_rules! __convert_map_errors {
    ($error:ty) => { $crate::convert_errors!(@ $error: [L] $crate::keyed::InsertError<L>); };
}

#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "keyed"))]
macro_rules! __convert_map_errors {
    ($error:ty) => {};
}
