//! The two traits: [`ScopedResource`], a value with an async end, and [`LocalResource`], its form for values that are
//! bound to their task.

use std::future::Future;

use crate::base::policy::Policy;
use crate::error::BoxError;
#[cfg(feature = "compose")]
use crate::plan::graph::What;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::resource::origin::Origin;

mod asking;
pub(crate) mod body;
pub(crate) mod enter;
pub(crate) mod exit;
pub(crate) mod failing;
pub(crate) mod kept;
pub(crate) mod origin;
pub(crate) mod part;

/// A value with an async end, which may run in any task if it must.
///
/// Most types get it from [`#[scoped_resource]`](crate::scoped_resource). By hand, implement [`exit`](Self::exit) and
/// make values with [`Lifespan::of`](crate::Lifespan::of):
///
/// ```
/// use lifespan::{BoxError, Exit, Lifespan, ScopedResource};
///
/// struct Session { open: bool }
///
/// impl ScopedResource for Session {
///     async fn exit(mut self, _: &Exit) -> Result<(), BoxError> {
///         self.open = false;
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// let session = Lifespan::of(async { Session { open: true } });
/// let open = session.scope_ok(async |session| session.open).await?;
/// assert!(open);
/// # Ok(())
/// # }
/// ```
///
/// The bounds `Send + 'static` are what makes law 3 possible: when a scope is dropped from outside, the exit moves to a
/// task of its own. A type that cannot do that implements [`LocalResource`] instead.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scoped resource that may leave its task",
    label = "not a `ScopedResource`",
    note = "annotate it with `#[scoped_resource]`; a `(local)` resource stays in the task that entered it"
)]
pub trait ScopedResource:
    Sized
    + Send // if it is not, declare it: `#[scoped_resource(local)]`
    + 'static
{
    /// Ends the resource.
    ///
    /// Runs exactly once, in the task that entered it unless it is rescued or handed over (laws 1, 3, 8), bounded by the
    /// exit budget (law 6). Rescued or handed over, the value has moved to another task.
    // The bounds repeat the supertraits: a type that is not `Send` is then one error at the type, not a second at `exit`.
    fn exit(self, exit: &Exit) -> impl Future<Output = Result<(), BoxError>> + Send
    where
        Self: Send + 'static;

    /// What values of this type are called, and their budgets; a [`Lifespan`](crate::Lifespan) can change it for one.
    #[inline]
    fn policy() -> Policy {
        #[cfg(feature = "compose")]
        return Self::__what().policy(Policy::of::<Self>());
        #[cfg(not(feature = "compose"))]
        Policy::of::<Self>()
    }

    /// What the plan of a lifespan says about a member of this type.
    #[cfg(feature = "compose")]
    #[doc(hidden)]
    #[must_use]
    #[inline]
    fn __what() -> What {
        What::Resource
    }

    /// Asks the resource to tell if it fails while the body runs (law 21).
    #[doc(hidden)]
    #[inline]
    fn __failure(&self, _: &mut Failing<'_>) {}

    /// Whether its exit goes on when it is dropped in the middle, or its parts tell what became of them: then nobody else
    /// does (law 6).
    #[doc(hidden)]
    #[must_use]
    fn __goes_on(&self) -> bool {
        #[cfg(feature = "compose")]
        return matches!(Self::__what(), What::Nested(_));
        #[cfg(not(feature = "compose"))]
        false
    }

    /// The policy of this value, if it knows better than its type.
    #[doc(hidden)]
    fn __own_policy(&self) -> Policy {
        Self::policy()
    }

    /// Whether its exit runs elsewhere, or has run: whoever rescues it only waits, and has nothing to report (law 3).
    #[doc(hidden)]
    fn __exits_elsewhere(&self) -> bool {
        false
    }

    /// Drops it, since nothing can run its exit any more, and reports the parts that it exits (law 4).
    #[doc(hidden)]
    fn __lose(self, _: Origin) {}
}

/// A value with an async end that must run in the scope that holds it: it borrows, is `!Send`, or is bound to its task.
///
/// Every function of this crate takes this trait, and every [`ScopedResource`] has it. Implement it, or write
/// `#[scoped_resource(local)]`, for a type that is local by nature. What it gives up: dropped without its exit, a local
/// resource can be neither adopted nor rescued; its `Drop` runs, and the loss is reported (law 3).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scoped resource",
    label = "not a scoped resource",
    note = "annotate it with `#[scoped_resource]`, or describe its end: `Lifespan::new(enter, async |it, exit| ..)`"
)]
pub trait LocalResource: Sized {
    /// Ends the resource; as [`ScopedResource::exit`], but never outside of its scope.
    fn exit_local(self, exit: &Exit) -> impl Future<Output = Result<(), BoxError>>;

    /// What values of this type are called, and their budgets.
    #[inline]
    fn policy() -> Policy {
        #[cfg(feature = "compose")]
        return Self::__what().policy(Policy::of::<Self>());
        #[cfg(not(feature = "compose"))]
        Policy::of::<Self>()
    }

    /// What the plan of a lifespan says about a member of this type.
    #[cfg(feature = "compose")]
    #[doc(hidden)]
    #[must_use]
    #[inline]
    fn __what() -> What {
        What::Resource
    }

    /// Asks the resource to tell if it fails while the body runs ([law 21]).
    ///
    /// [law 21]: crate::guide::guarantees#law-21
    #[doc(hidden)]
    #[inline]
    fn __failure(&self, _: &mut Failing<'_>) {}

    /// Whether its exit goes on when it is dropped in the middle, or its parts tell what became of them: then nobody else
    /// does ([law 6]).
    ///
    /// [law 6]: crate::guide::guarantees#law-6
    #[doc(hidden)]
    #[must_use]
    fn __goes_on(&self) -> bool {
        #[cfg(feature = "compose")]
        return matches!(Self::__what(), What::Nested(_));
        #[cfg(not(feature = "compose"))]
        false
    }

    /// The policy of this value, if it knows better than its type.
    #[doc(hidden)]
    fn __own_policy(&self) -> Policy {
        Self::policy()
    }

    /// Takes a resource whose scope or guard was dropped ([law 3]).
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    #[doc(hidden)]
    fn __abandon<Taker: TakesOver>(self, abandoned: Origin) {
        abandoned.lose(self);
    }
}

#[diagnostic::do_not_recommend]
impl<R: ScopedResource> LocalResource for R {
    #[inline]
    fn exit_local(self, exit: &Exit) -> impl Future<Output = Result<(), BoxError>> {
        ScopedResource::exit(self, exit)
    }

    #[inline]
    fn policy() -> Policy {
        <R as ScopedResource>::policy()
    }

    #[inline]
    fn __failure(&self, failing: &mut Failing<'_>) {
        ScopedResource::__failure(self, failing);
    }

    #[cfg(feature = "compose")]
    fn __what() -> What {
        <R as ScopedResource>::__what()
    }

    #[inline]
    fn __goes_on(&self) -> bool {
        ScopedResource::__goes_on(self)
    }

    fn __own_policy(&self) -> Policy {
        ScopedResource::__own_policy(self)
    }

    fn __abandon<Taker: TakesOver>(self, abandoned: Origin) {
        Taker::__take_over(self, abandoned);
    }
}

/// What takes a resource that may leave its task; it stands above, where exits run.
pub trait TakesOver {
    /// Has it adopted or rescued.
    fn __take_over<R: ScopedResource>(resource: R, abandoned: Origin);
}
