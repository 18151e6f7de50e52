//! What members are that are not resources by themselves: those whose end is beside them, optional ones, plain values.

use std::future::Future;
use std::marker::PhantomData;

use crate::base::policy::Policy;
use crate::error::BoxError;
use crate::lifespan::ending::Exited;
use crate::lifespan::kind::{Local, Sendable};
use crate::plan::graph::What;
use crate::resource::TakesOver;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::resource::origin::Origin;
use crate::resource::{LocalResource, ScopedResource};

/// How the value of a field ends whose end is beside it in this lifespan, at this place of its graph.
pub trait Ends<V, const AT: usize> {
    /// Ends it.
    fn __end(value: V, exit: &Exit) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// As [`Ends`], for a value that stays in its task.
pub trait EndsLocal<V, const AT: usize> {
    /// Ends it.
    fn __end(value: V, exit: &Exit) -> impl Future<Output = Result<(), BoxError>>;
}

/// The future that ends a value.
//
// That of the closure itself: an opaque one would have bounds to be proved again in a future that must be `Send`, which rustc
// cannot if `V` mentions a lifetime, be it `'static`.
pub fn end<'x, V, X, F>(end: X, value: V, exit: &'x Exit) -> F
where
    X: FnOnce(V, &'x Exit) -> F,
    F: Future<Output: Exited>,
{
    end(value, exit)
}

/// A member whose end is beside it, in the lifespan `A`.
pub struct Beside<V, A, K, const AT: usize>(V, PhantomData<fn(A, K)>);

/// A member that may not be there.
pub struct Optional<R, K>(Option<R>, PhantomData<fn(K)>);

/// A member whose end is beside it, and that may not be there.
pub(super) type OptionalBeside<V, A, K, const AT: usize> = Optional<Beside<V, A, K, AT>, K>;

/// A value that needs no exit: it is dropped.
pub struct Plain<V, K>(V, PhantomData<fn(K)>);

/// What a member is on its way out: its field, and what ends that.
pub trait Closed<V>: Sized {
    /// How the field becomes it.
    fn __close(field: V) -> Self;

    /// Asks it to tell if it fails; most cannot.
    fn __ask(_: &V, _: &mut Failing<'_>) {}
}

impl<R: LocalResource> Closed<R> for R {
    fn __close(field: R) -> R {
        field
    }

    fn __ask(field: &R, failing: &mut Failing<'_>) {
        field.__failure(failing);
    }
}

/// A resource that is the value of its field.
#[diagnostic::on_unimplemented(
    message = "this member is a `{V}`, but its `#[enter]` gives a `{Self}`",
    label = "this is the life of a `{Self}`"
)]
pub trait Is<V>: Closed<V> {
    /// As the field has it.
    fn __into_field(self) -> V;
}

#[diagnostic::do_not_recommend]
impl<R: LocalResource> Is<R> for R {
    fn __into_field(self) -> R {
        self
    }
}

/// A resource that is what an optional field may have.
#[diagnostic::on_unimplemented(
    message = "this member is a `{V}`, but its `#[enter]` gives a `{Self}`",
    label = "this is the life of a `{Self}`",
    note = "an `#[optional]` member is an `Option<{Self}>`: it is `None` when the member did not enter"
)]
pub trait IsWithin<V> {
    /// It is there.
    fn __some(self) -> V;

    /// It is not.
    fn __none() -> V;
}

#[diagnostic::do_not_recommend]
impl<R> IsWithin<Option<R>> for R {
    fn __some(self) -> Option<R> {
        Some(self)
    }

    fn __none() -> Option<R> {
        None
    }
}

impl<V, A, K, const AT: usize> Closed<V> for Beside<V, A, K, AT> {
    fn __close(field: V) -> Self {
        Beside(field, PhantomData)
    }
}

#[diagnostic::do_not_recommend]
impl<V, A, K, const AT: usize> Is<V> for Beside<V, A, K, AT> {
    fn __into_field(self) -> V {
        self.0
    }
}

#[diagnostic::do_not_recommend]
impl<V, K> Is<V> for Plain<V, K> {
    fn __into_field(self) -> V {
        self.0
    }
}

impl<V, R: Closed<V>, K> Closed<Option<V>> for Optional<R, K> {
    fn __close(field: Option<V>) -> Self {
        Optional(field.map(R::__close), PhantomData)
    }

    fn __ask(field: &Option<V>, failing: &mut Failing<'_>) {
        if let Some(field) = field {
            R::__ask(field, failing);
        }
    }
}

impl<V, K> Closed<V> for Plain<V, K> {
    fn __close(field: V) -> Self {
        Plain(field, PhantomData)
    }
}

#[diagnostic::do_not_recommend]
impl<V, A, const AT: usize> ScopedResource for Beside<V, A, Sendable, AT>
where
    V: Send + 'static,
    A: Ends<V, AT> + 'static,
{
    fn exit(self, exit: &Exit) -> impl Future<Output = Result<(), BoxError>> + Send {
        A::__end(self.0, exit)
    }

    fn policy() -> Policy {
        Policy::of::<V>()
    }
}

#[diagnostic::do_not_recommend]
impl<V, A: EndsLocal<V, AT>, const AT: usize> LocalResource for Beside<V, A, Local<'_>, AT> {
    fn exit_local(self, exit: &Exit) -> impl Future<Output = Result<(), BoxError>> {
        A::__end(self.0, exit)
    }

    fn policy() -> Policy {
        Policy::of::<V>()
    }
}

#[diagnostic::do_not_recommend]
impl<R: ScopedResource> ScopedResource for Optional<R, Sendable> {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        match self.0 {
            Some(resource) => resource.exit(exit).await,
            None => Ok(()),
        }
    }

    fn policy() -> Policy {
        <R as ScopedResource>::policy()
    }

    fn __what() -> What {
        What::Optional(<R as ScopedResource>::__what)
    }

    fn __goes_on(&self) -> bool {
        self.0.as_ref().is_some_and(ScopedResource::__goes_on)
    }

    /// Nor is anything to be told of one that is absent.
    fn __exits_elsewhere(&self) -> bool {
        self.0.as_ref().is_none_or(R::__exits_elsewhere)
    }

    fn __lose(self, abandoned: Origin) {
        if let Some(resource) = self.0 {
            resource.__lose(abandoned);
        }
    }
}

#[diagnostic::do_not_recommend]
impl<R: LocalResource> LocalResource for Optional<R, Local<'_>> {
    async fn exit_local(self, exit: &Exit) -> Result<(), BoxError> {
        match self.0 {
            Some(resource) => resource.exit_local(exit).await,
            None => Ok(()),
        }
    }

    fn policy() -> Policy {
        R::policy()
    }

    fn __what() -> What {
        What::Optional(R::__what)
    }

    fn __goes_on(&self) -> bool {
        self.0.as_ref().is_some_and(R::__goes_on)
    }

    fn __abandon<Taker: TakesOver>(self, abandoned: Origin) {
        if let Some(resource) = self.0 {
            resource.__abandon::<Taker>(abandoned);
        }
    }
}

#[diagnostic::do_not_recommend]
impl<V: Send + 'static> ScopedResource for Plain<V, Sendable> {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        Ok(())
    }

    fn policy() -> Policy {
        Policy::of::<V>()
    }

    fn __what() -> What {
        What::Value
    }

    /// It has no exit, so that nothing is to be told of it.
    fn __exits_elsewhere(&self) -> bool {
        true
    }
}

#[diagnostic::do_not_recommend]
impl<V> LocalResource for Plain<V, Local<'_>> {
    async fn exit_local(self, _: &Exit) -> Result<(), BoxError> {
        Ok(())
    }

    fn policy() -> Policy {
        Policy::of::<V>()
    }

    fn __what() -> What {
        What::Value
    }

    fn __abandon<Taker: TakesOver>(self, _: Origin) {}
}
