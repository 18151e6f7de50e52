//! [`Calls`]: callbacks as entries of a stack, async or not, that may leave their task or not.

use std::fmt;

use crate::compose::kind::{Kind, Local, Sendable};
use crate::lifespan::foreign::{ExitBox, Exited, Resource, ResourceLocal};
use crate::lifespan::send_fn::SendFn;
use crate::resource::LocalResource;
use crate::resource::exit::Exit;

/// A kind of stack that may have this callback on it.
#[diagnostic::on_unimplemented(
    message = "this callback cannot be on a stack that may leave its task",
    label = "it, or the future it returns, borrows or is not `Send`; or it returns neither `()` nor a `Result<(), _>`",
    note = "in the first case, use a stack from `ExitStack::new_local`"
)]
pub trait Calls<X, O>: Kind {
    /// The callback as a resource.
    #[doc(hidden)]
    type Callback: LocalResource;

    /// Makes it one.
    #[doc(hidden)]
    fn __callback(call: X) -> Self::Callback;
}

impl<X, O> Calls<X, O> for Sendable
where
    X: AsyncFnOnce(&Exit) -> O + for<'x> SendFn<&'x Exit, O> + Send + 'static,
    O: Exited,
{
    type Callback = Resource<()>;

    fn __callback(call: X) -> Resource<()> {
        let exit: ExitBox<()> = Box::new(|(), exit| Box::pin(async { call(exit).await.__into_result() }));
        Resource::ending((), exit)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, X, O> Calls<X, O> for Local<'a>
where
    X: AsyncFnOnce(&Exit) -> O + 'a,
    O: Exited,
{
    type Callback = ResourceLocal<'a, ()>;

    fn __callback(call: X) -> ResourceLocal<'a, ()> {
        ResourceLocal::ending((), async |(), exit: &Exit| call(exit).await)
    }
}

/// A callback that does not wait.
#[doc(hidden)]
pub struct AtOnce<X>(pub(super) X);

impl<X> fmt::Debug for AtOnce<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtOnce").finish_non_exhaustive()
    }
}

#[diagnostic::do_not_recommend]
impl<X, O> Calls<AtOnce<X>, O> for Sendable
where
    X: FnOnce(&Exit) -> O + Send + 'static,
    O: Exited,
{
    type Callback = Resource<()>;

    fn __callback(AtOnce(call): AtOnce<X>) -> Resource<()> {
        let exit: ExitBox<()> = Box::new(|(), exit| Box::pin(async { call(exit).__into_result() }));
        Resource::ending((), exit)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, X, O> Calls<AtOnce<X>, O> for Local<'a>
where
    X: FnOnce(&Exit) -> O + 'a,
    O: Exited,
{
    type Callback = ResourceLocal<'a, ()>;

    fn __callback(AtOnce(call): AtOnce<X>) -> ResourceLocal<'a, ()> {
        ResourceLocal::ending((), async |(), exit: &Exit| call(exit))
    }
}
