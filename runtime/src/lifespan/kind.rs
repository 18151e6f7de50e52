//! [`Kind`]: whether what is held may leave its task: that decides what its exit is, and what becomes of that when it is dropped
//! (law 3).

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Mutex;

use super::ending::{EndBox, EndBoxLocal};
use super::{BoxFuture, LocalBoxFuture};
use crate::event::failures::Failures;
use crate::orphan::collector::{self, Collector};
use crate::orphan::orphan_exit::OrphanExit;
use crate::resource::exit::ForMembers;
use crate::resource::failing::Dependents;
use crate::resource::kept::Kept;
use crate::resource::origin::{AbandonedFrom, Origin};
use crate::resource::{LocalResource, ScopedResource};
use crate::scope::abandon::{exit_kept, job, job_of_any, kept};

/// Whether what is held may leave its task: [`Sendable`] or [`Local`].
pub trait Kind: Sized {
    /// The exit of a member, whatever its type. Dropped before its first poll, the member is abandoned.
    #[doc(hidden)]
    type Exit: Future<Output = Failures> + Unpin;

    /// A member, whatever its type.
    #[doc(hidden)]
    type Member: AnyMember<Self> + ?Sized;

    /// A future of the kind.
    #[doc(hidden)]
    type Boxed<'f, T: 'f>: Future<Output = T> + Unpin + 'f;

    /// The end of a value, whatever closure that is.
    #[doc(hidden)]
    type End<T>;

    /// Gives exits that are left, in order, to whoever may run them.
    #[doc(hidden)]
    fn __pass_on(left: Vec<Self::Exit>);

    /// The exits as such that may leave their task, if they may.
    #[doc(hidden)]
    fn __detach(exits: Numbered<Self::Exit>) -> Result<Numbered<OrphanExit>, Numbered<Self::Exit>>;

    /// What runs one that may leave its task.
    #[doc(hidden)]
    fn __run(detached: OrphanExit) -> Self::Exit;
}

/// Exits, each with the number of its member.
#[doc(hidden)]
#[allow(unreachable_pub, reason = "a public trait names it")]
pub type Numbered<E> = Vec<(usize, E)>;

/// A member whose type is forgotten: of what comes and goes at run time. Dropped, it is abandoned.
#[doc(hidden)]
pub trait AnyMember<K: Kind> {
    /// Makes its exit.
    fn __part(self: Box<Self>, exit: ForMembers, from: Option<AbandonedFrom>) -> K::Exit;

    /// Whom it tells from now on if it fails ([law 21]).
    ///
    /// [law 21]: crate::guide::guarantees#law-21
    fn __tell(&self, users: &Dependents);
}

impl<R: LocalResource, K: Takes<R>> AnyMember<K> for Kept<R> {
    fn __part(self: Box<Self>, exit: ForMembers, from: Option<AbandonedFrom>) -> K::Exit {
        let (resource, origin) = self.take();
        K::__part(resource, origin.abandoned_from(from), exit)
    }

    fn __tell(&self, users: &Dependents) {
        users.hear_of(self.it(), self.entry());
    }
}

/// A kind that members of this type may be of.
#[diagnostic::on_unimplemented(
    message = "`{R}` cannot be a member of a group that may leave its task",
    label = "`{R}` borrows, is not `Send`, or is declared to be local",
    note = "use the form in `lifespan::local`, or `#[lifespan(local, ..)]`"
)]
pub trait Takes<R: LocalResource>: Kind {
    /// Makes the exit of a member.
    #[doc(hidden)]
    fn __part(resource: R, origin: Origin, exit: ForMembers) -> Self::Exit;

    /// As [`__part`](Takes::__part), for members of many types: of a form that is compiled once.
    #[doc(hidden)]
    fn __part_of_many(resource: R, origin: Origin, exit: ForMembers) -> Self::Exit {
        Self::__part(resource, origin, exit)
    }

    /// Forgets the type of a member.
    #[doc(hidden)]
    fn __forget_type(member: Kept<R>) -> Box<Self::Member>;
}

/// A kind that futures of this type may be of: forgets it.
#[doc(hidden)]
pub trait Boxes<'f, F: Future>: Kind {
    fn __box(future: F) -> Self::Boxed<'f, F::Output>;
}

impl<'f, F: Future<Output: 'f> + Send + 'f> Boxes<'f, F> for Sendable {
    fn __box(future: F) -> BoxFuture<'f, F::Output> {
        Box::pin(future)
    }
}

impl<'f, F: Future<Output: 'f> + 'f> Boxes<'f, F> for Local<'_> {
    fn __box(future: F) -> LocalBoxFuture<'f, F::Output> {
        Box::pin(future)
    }
}

/// It may leave its task: dropped without its exit, that is adopted or rescued.
#[derive(Debug)]
pub enum Sendable {}

/// It stays in its task; `'a` is how long what it borrows lives.
#[derive(Debug)]
pub struct Local<'a>(PhantomData<&'a ()>);

impl Kind for Sendable {
    type Exit = OrphanExit;
    type Member = dyn AnyMember<Sendable> + Send;
    type Boxed<'f, T: 'f> = BoxFuture<'f, T>;
    // Never locked: only so that a resource is `Sync` if its value is, and can be lent to others.
    type End<T> = Mutex<EndBox<T>>;

    fn __pass_on(left: Vec<OrphanExit>) {
        collector::pass_on(left);
    }

    fn __detach(exits: Numbered<OrphanExit>) -> Result<Numbered<OrphanExit>, Numbered<OrphanExit>> {
        Ok(exits)
    }

    fn __run(detached: OrphanExit) -> OrphanExit {
        detached
    }
}

impl<R: ScopedResource> Takes<R> for Sendable {
    fn __part(resource: R, origin: Origin, exit: ForMembers) -> OrphanExit {
        job(resource, origin, exit)
    }

    fn __part_of_many(resource: R, origin: Origin, exit: ForMembers) -> OrphanExit {
        job_of_any(resource, origin, exit)
    }

    fn __forget_type(member: Kept<R>) -> Box<Self::Member> {
        Box::new(member)
    }
}

impl<'a> Kind for Local<'a> {
    type Exit = LocalBoxFuture<'a, Failures>;
    type Member = dyn AnyMember<Local<'a>> + 'a;
    type Boxed<'f, T: 'f> = LocalBoxFuture<'f, T>;
    type End<T> = EndBoxLocal<'a, T>;

    fn __pass_on(left: Vec<Self::Exit>) {
        // What of it can be rescued is, as one job.
        let _together = Collector::open();
        left.into_iter().for_each(drop);
    }

    fn __detach(exits: Numbered<Self::Exit>) -> Result<Numbered<OrphanExit>, Numbered<Self::Exit>> {
        Err(exits)
    }

    fn __run(detached: OrphanExit) -> Self::Exit {
        Box::pin(detached)
    }
}

impl<'a, R: LocalResource + 'a> Takes<R> for Local<'a> {
    fn __part(resource: R, origin: Origin, exit: ForMembers) -> Self::Exit {
        Box::pin(exit_kept(kept(resource, origin), exit))
    }

    fn __forget_type(member: Kept<R>) -> Box<Self::Member> {
        Box::new(member)
    }
}
