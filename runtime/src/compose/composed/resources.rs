//! What members are that are not resources by themselves: optional ones, and plain values.

use crate::abandon::Abandoned;
use crate::error::BoxError;
use crate::exit::Exit;
use crate::foreign::{Resource, ResourceLocal};
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
}

impl<V> LocalResource for PlainLocal<V> {
    async fn exit_local(self, _: &Exit) -> Result<(), BoxError> {
        Ok(())
    }

    fn policy() -> Policy {
        Policy::of::<V>()
    }

    fn __abandon(self, _: Abandoned) {}
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
