//! [`Enter`]: the futures that enter a resource, fallible or not.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::error::BoxError;
use crate::resource::LocalResource;

/// What entering gives: the resource, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "entering must give a scoped resource or a `Result` of one, not `{Self}`",
    label = "not a scoped resource, nor a `Result` of one with an error that can be carried",
    note = "annotate the resource with `#[scoped_resource]`, or describe its end: \
            `Lifespan::new(enter, async |it, exit| ..)`",
    note = "an error can be carried if it converts into `Box<dyn Error + Send + Sync>`"
)]
pub trait Entered {
    /// The resource.
    type Resource: LocalResource;

    /// The resource, or why there is none.
    #[doc(hidden)]
    fn __into_result(self) -> Result<Self::Resource, BoxError>;
}

#[diagnostic::do_not_recommend]
impl<R: LocalResource> Entered for R {
    type Resource = R;

    #[inline]
    fn __into_result(self) -> Result<R, BoxError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<R: LocalResource, E: Into<BoxError>> Entered for Result<R, E> {
    type Resource = R;

    #[inline]
    fn __into_result(self) -> Result<R, BoxError> {
        self.map_err(Into::into)
    }
}

/// A future that enters an `R`: what to write behind `impl` in the return type of a function that makes a
/// [`Lifespan`](crate::Lifespan).
///
/// Every future that gives an `R` or a `Result<R, E>` has it.
///
/// ```
/// use lifespan::{Enter, Lifespan, Resource};
///
/// fn numbered(number: u32) -> Lifespan<Resource<u32>, impl Enter<Resource<u32>>> {
///     let open = async move { Ok::<_, std::io::Error>(number) };
///     Lifespan::new(open, async |_, _| ())
/// }
/// # let _ = numbered(3);
/// ```
#[diagnostic::on_unimplemented(
    message = "entering must give `{R}`, or a `Result` of it whose error can be carried",
    label = "this gives neither",
    note = "`{R}` must be a scoped resource: annotate it with `#[scoped_resource]`, or describe its end: \
            `Lifespan::new(enter, async |it, exit| ..)`",
    note = "an error can be carried if it converts into `Box<dyn Error + Send + Sync>`"
)]
pub trait Enter<R>: Future<Output = Self::Entered> {
    /// The output of the future.
    #[doc(hidden)]
    type Entered: Entered<Resource = R>;
}

#[diagnostic::do_not_recommend]
impl<R, F> Enter<R> for F
where
    F: Future,
    F::Output: Entered<Resource = R>,
{
    type Entered = F::Output;
}

pin_project! {
    /// An enter that gives a `Result`, whatever the user's future gives. What an opaque future gives is opaque too, and
    /// would keep a scope that stores it from being `Send`; an `R` is not.
    pub(crate) struct Entering<F, R> {
        #[pin]
        enter: F,
        resource: PhantomData<fn() -> R>,
    }
}

impl<F, R> Entering<F, R> {
    #[inline]
    pub(crate) fn new(enter: F) -> Self {
        Entering { enter, resource: PhantomData }
    }
}

impl<R, F: Enter<R>> Future for Entering<F, R> {
    type Output = Result<R, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().enter.poll(cx).map(Entered::__into_result)
    }
}
