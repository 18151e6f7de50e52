//! [`Kind`]: whether the members of a group may leave their task: that decides what their exits are, and what becomes of
//! those when the group is dropped (law 3).

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use super::entering::{Group, MemberEnter};
use super::exits::Exits;
use super::kept::Kept;
use crate::event::failures::Failures;
use crate::lifespan::{BoxFuture, LocalBoxFuture};
use crate::orphan::collector::{self, Collector};
use crate::orphan::orphan_exit::OrphanExit;
use crate::resource::exit::ForMembers;
use crate::resource::failing::Dependents;
use crate::resource::origin::Origin;
use crate::resource::{LocalResource, ScopedResource};
use crate::scope::abandon::{job, job_of_any};
use crate::scope::exiting::exiting;
use crate::scope::side::Side;

/// Of which kind the members of a group are.
pub trait Kind: Sized {
    /// The exit of a member, whatever its type.
    #[doc(hidden)]
    type Exit: Parted;

    /// A member, whatever its type.
    #[doc(hidden)]
    type Member: Member<Self> + ?Sized;

    /// A future of the kind.
    #[doc(hidden)]
    type Boxed<'f, T: 'f>: Future<Output = T> + Unpin + 'f;

    /// The enter of a member, whatever its type, that borrows for this long.
    #[doc(hidden)]
    type Lane<'s>: MemberEnter + Unpin;

    /// Makes one of several exits, for a whole of any kind to run, if they may leave their task.
    #[doc(hidden)]
    fn __leave(exits: Exits<Self::Exit>, group: &Group) -> Left<Self>;

    /// What runs one that was left.
    #[doc(hidden)]
    fn __run(left: OrphanExit) -> Self::Exit;
}

/// Who runs several exits of a roll-back.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub enum Left<K: Kind> {
    /// The whole, in whose place they may leave their task.
    ToTheWhole(OrphanExit),
    Here(Exits<K::Exit>),
}

/// A member whose type is forgotten: of what comes and goes at run time. Dropped, it is abandoned.
#[doc(hidden)]
pub trait Member<K: Kind> {
    /// Makes its exit. If it is abandoned with others: from which runtime, and whether by another task.
    fn __part(self: Box<Self>, exit: ForMembers, from: Option<(Option<Handle>, bool)>) -> K::Exit;

    /// Whom it tells from now on if it fails (law 21).
    fn __tell(&self, users: &Dependents);
}

impl<R: LocalResource, K: Takes<R>> Member<K> for Kept<R> {
    fn __part(self: Box<Self>, exit: ForMembers, from: Option<(Option<Handle>, bool)>) -> K::Exit {
        K::__part(self.abandoned_from(from), exit)
    }

    fn __tell(&self, users: &Dependents) {
        users.hear_of(self.resource(), self.entry());
    }
}

/// The exit of a member on its way.
#[doc(hidden)]
pub trait Parted: Sized {
    /// Runs it.
    fn __poll_exit(&mut self, cx: &mut Context<'_>) -> Poll<Failures>;

    /// Gives those that are left, in order, to whoever may run them.
    fn __pass_on(left: Vec<Self>);
}

/// A kind that members of this type may be of.
#[diagnostic::on_unimplemented(
    message = "`{R}` cannot be a member of a group that may leave its task",
    label = "`{R}` borrows, is not `Send`, or is declared to be local",
    note = "use the form that ends in `_local`, or `#[lifespan(local, ..)]`"
)]
pub trait Takes<R: LocalResource>: Kind {
    /// Makes the exit of a member.
    #[doc(hidden)]
    fn __part(member: Kept<R>, exit: ForMembers) -> Self::Exit;

    /// As [`__part`](Takes::__part), for members of many types: of a form that is compiled once.
    #[doc(hidden)]
    fn __part_of_many(member: Kept<R>, exit: ForMembers) -> Self::Exit {
        Self::__part(member, exit)
    }

    /// Forgets the type of a member.
    #[doc(hidden)]
    fn __forget_type(member: Kept<R>) -> Box<Self::Member>;
}

/// A kind whose enters may be of this type: forgets it.
#[doc(hidden)]
pub trait Boxes<'s, M>: Kind {
    fn __box(member: M) -> Self::Lane<'s>;
}

impl<'s, M: MemberEnter + Send + 's> Boxes<'s, M> for Sendable {
    fn __box(member: M) -> Self::Lane<'s> {
        Box::pin(member)
    }
}

impl<'s, M: MemberEnter + 's> Boxes<'s, M> for Local<'_> {
    fn __box(member: M) -> Self::Lane<'s> {
        Box::pin(member)
    }
}

/// Members that may leave their task: dropped without their exits, those are adopted or rescued.
#[derive(Debug)]
pub enum Sendable {}

/// Members that stay in their task; `'a` is how long what they borrow lives.
#[derive(Debug)]
pub struct Local<'a>(PhantomData<&'a ()>);

impl Kind for Sendable {
    type Exit = OrphanExit;
    type Member = dyn Member<Sendable> + Send;
    type Boxed<'f, T: 'f> = BoxFuture<'f, T>;
    type Lane<'s> = Pin<Box<dyn MemberEnter + Send + 's>>;

    fn __leave(exits: Exits<OrphanExit>, group: &Group) -> Left<Self> {
        let runtime = Handle::try_current().ok();
        let subject = group.subject().clone();
        Left::ToTheWhole(OrphanExit::going_on(exits, subject, runtime, false))
    }

    fn __run(left: OrphanExit) -> OrphanExit {
        left
    }
}

impl Parted for OrphanExit {
    fn __poll_exit(&mut self, cx: &mut Context<'_>) -> Poll<Failures> {
        Pin::new(self).poll(cx)
    }

    fn __pass_on(left: Vec<Self>) {
        collector::pass_on(left);
    }
}

impl<R: ScopedResource> Takes<R> for Sendable {
    fn __part(member: Kept<R>, exit: ForMembers) -> OrphanExit {
        let (resource, circumstances) = member.into_parts();
        job(resource, circumstances, exit)
    }

    fn __part_of_many(member: Kept<R>, exit: ForMembers) -> OrphanExit {
        let (resource, circumstances) = member.into_parts();
        job_of_any(resource, circumstances, exit)
    }

    fn __forget_type(member: Kept<R>) -> Box<Self::Member> {
        Box::new(member)
    }
}

impl<'a> Kind for Local<'a> {
    type Exit = LocalExit<'a>;
    type Member = dyn Member<Local<'a>> + 'a;
    type Boxed<'f, T: 'f> = LocalBoxFuture<'f, T>;
    type Lane<'s> = Pin<Box<dyn MemberEnter + 's>>;

    fn __leave(exits: Exits<LocalExit<'a>>, _: &Group) -> Left<Self> {
        Left::Here(exits)
    }

    fn __run(left: OrphanExit) -> LocalExit<'a> {
        LocalExit(Box::pin(left))
    }
}

/// The exit of a local member. Dropped before its first poll, the member is abandoned.
pub struct LocalExit<'a>(LocalBoxFuture<'a, Failures>);

impl Parted for LocalExit<'_> {
    fn __poll_exit(&mut self, cx: &mut Context<'_>) -> Poll<Failures> {
        self.0.as_mut().poll(cx)
    }

    fn __pass_on(left: Vec<Self>) {
        // What of it can be rescued is, as one job.
        let _together = Collector::open();
        left.into_iter().for_each(drop);
    }
}

impl fmt::Debug for LocalExit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalExit").finish_non_exhaustive()
    }
}

impl<'a, R: LocalResource + 'a> Takes<R> for Local<'a> {
    fn __part(member: Kept<R>, exit: ForMembers) -> LocalExit<'a> {
        LocalExit(Box::pin(async move {
            let (resource, Origin { entry, anchor, .. }) = member.into_parts();
            let exit = exit.now(entry.policy.exit());
            exit.note(&entry);
            let mut side = Side::nothing();
            exiting(resource, &entry, &exit, &mut side, anchor).await;
            side.take_failures()
        }))
    }

    fn __forget_type(member: Kept<R>) -> Box<Self::Member> {
        Box::new(member)
    }
}
