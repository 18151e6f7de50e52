//! [`Calls`]: callbacks as entries of a stack, async or not, that may leave their task or not.

use std::panic::Location;

use crate::base::entry::Entry;
use crate::base::opaque::opaque_debug;
use crate::base::policy::Policy;
use crate::lifespan::ending::Exited;
use crate::lifespan::foreign::Resource;
use crate::lifespan::kind::{Kind, Local, Sendable};
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
        Resource::ending(
            (),
            Box::new(|(), exit| Box::pin(async { call(exit).await.__into_result() })),
        )
    }
}

#[diagnostic::do_not_recommend]
impl<'a, X, O> Calls<X, O> for Local<'a>
where
    X: AsyncFnOnce(&Exit) -> O + 'a,
    O: Exited,
{
    type Callback = Resource<(), Local<'a>>;

    fn __callback(call: X) -> Self::Callback {
        Resource::ending_local((), async |(), exit: &Exit| call(exit).await)
    }
}

/// How a callback is called that was registered there.
pub(super) fn callback_entry(place: &'static Location<'static>) -> Entry {
    Entry::new(Policy::of::<()>().named("exit callback"), place)
}

/// A callback that does not wait.
pub struct AtOnce<X>(pub(super) X);

opaque_debug!([X] AtOnce<X>, "AtOnce");

#[diagnostic::do_not_recommend]
impl<X, O> Calls<AtOnce<X>, O> for Sendable
where
    X: FnOnce(&Exit) -> O + Send + 'static,
    O: Exited,
{
    type Callback = Resource<()>;

    fn __callback(AtOnce(call): AtOnce<X>) -> Resource<()> {
        Resource::ending((), Box::new(|(), exit| Box::pin(async { call(exit).__into_result() })))
    }
}

#[diagnostic::do_not_recommend]
impl<'a, X, O> Calls<AtOnce<X>, O> for Local<'a>
where
    X: FnOnce(&Exit) -> O + 'a,
    O: Exited,
{
    type Callback = Resource<(), Local<'a>>;

    fn __callback(AtOnce(call): AtOnce<X>) -> Self::Callback {
        Resource::ending_local((), async |(), exit: &Exit| call(exit))
    }
}
