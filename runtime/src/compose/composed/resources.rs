//! What members are that are not resources by themselves: optional ones, and plain values.

use crate::abandon::Abandoned;
use crate::error::BoxError;
use crate::exit::Exit;
use crate::foreign::{ExitFn, Exited, Resource, ResourceLocal};
use crate::plan::draft::DraftKind;
use crate::policy::Policy;
use crate::resource::{LocalResource, ScopedResource};

/// A member that may not be there.
#[derive(Debug)]
pub struct Optional<R>(pub Option<R>);

/// As [`Optional`], for a local resource.
#[derive(Debug)]
pub struct OptionalLocal<R>(pub Option<R>);

/// A value that needs no exit: it is dropped.
#[derive(Debug)]
pub struct Plain<V>(pub V);

/// As [`Plain`], for a value that stays in its task.
#[derive(Debug)]
pub struct PlainLocal<V>(pub V);

impl<R: ScopedResource> ScopedResource for Optional<R> {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        match self.0 {
            Some(resource) => resource.exit(exit).await,
            None => Ok(()),
        }
    }

    fn policy() -> Policy {
        <R as ScopedResource>::policy()
    }
}

impl<R: LocalResource> LocalResource for OptionalLocal<R> {
    async fn exit_local(self, exit: &Exit) -> Result<(), BoxError> {
        match self.0 {
            Some(resource) => resource.exit_local(exit).await,
            None => Ok(()),
        }
    }

    fn policy() -> Policy {
        R::policy()
    }

    fn __abandon(self, abandoned: Abandoned) {
        if let Some(resource) = self.0 {
            resource.__abandon(abandoned);
        }
    }
}

impl<V: Send + 'static> ScopedResource for Plain<V> {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        Ok(())
    }

    fn policy() -> Policy {
        Policy::of::<V>()
    }

    fn __kind() -> DraftKind {
        DraftKind::Value
    }
}

impl<V> LocalResource for PlainLocal<V> {
    async fn exit_local(self, _: &Exit) -> Result<(), BoxError> {
        Ok(())
    }

    fn policy() -> Policy {
        Policy::of::<V>()
    }

    fn __kind() -> DraftKind {
        DraftKind::Value
    }

    fn __abandon(self, _: Abandoned) {}
}

/// How a member that is a resource becomes one.
pub fn own<R: ScopedResource>(resource: R) -> R {
    resource
}

/// As [`own`], for a local resource.
pub fn own_local<R: LocalResource>(resource: R) -> R {
    resource
}

/// A value with its end beside it.
pub fn ending<V, O, X>(value: V, exit: X) -> Resource<V>
where
    V: Send + 'static,
    X: AsyncFnOnce(V, &Exit) -> O + for<'x> ExitFn<V, &'x Exit, O> + Send + 'static,
    O: Exited,
{
    Resource::new(value, exit)
}

/// As [`ending`], for a value that stays in its task.
pub fn ending_local<'a, V, O, X>(value: V, exit: X) -> ResourceLocal<'a, V>
where
    V: 'a,
    X: AsyncFnOnce(V, &Exit) -> O + 'a,
    O: Exited,
{
    ResourceLocal::new(value, exit)
}

/// What an optional member's field is.
#[diagnostic::on_unimplemented(
    message = "an `#[optional]` member is an `Option`, not `{Self}`",
    label = "not an `Option`",
    note = "write `Option<{Self}>`: it is `None` when the member did not enter"
)]
pub trait AnOption {
    /// The member, if it is there.
    type Some;
}

#[diagnostic::do_not_recommend]
impl<T> AnOption for Option<T> {
    type Some = T;
}

/// A resource that is an end beside a value.
pub trait Beside<V> {
    /// The value without its end.
    fn into_value(self) -> V;
}

impl<V> Beside<V> for Resource<V> {
    fn into_value(self) -> V {
        Resource::into_value(self)
    }
}

impl<V> Beside<V> for ResourceLocal<'_, V> {
    fn into_value(self) -> V {
        ResourceLocal::into_value(self)
    }
}

/// The resource in what may not be there.
pub trait Within<R> {
    /// If it is there.
    fn into_inner(self) -> Option<R>;
}

impl<R> Within<R> for Optional<R> {
    fn into_inner(self) -> Option<R> {
        self.0
    }
}

impl<R> Within<R> for OptionalLocal<R> {
    fn into_inner(self) -> Option<R> {
        self.0
    }
}
