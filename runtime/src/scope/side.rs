//! [`Side`]: what a scope has beside its own resource, and rarely has: the exits it adopts (law 3), the failures that it has yet
//! to return or report (law 23), the region of its body (law 21), why its code is asked to stop (law 13), and how it ended if not
//! by itself.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;

use super::body_region::BodyRegion;
use super::limit::StopReason;
use super::stopping::StopRequest;
use crate::base::coop::Rotation;
use crate::base::panic::Panic;
use crate::cancel::cancellation::Cancellation;
use crate::error::BoxError;
use crate::event;
use crate::event::failures::Failures;
use crate::event::undelivered::Undelivered;
use crate::orphan::collector;
use crate::orphan::exits::{ExitSource, OrphanExits};
use crate::orphan::orphan_exit::OrphanExit;
use crate::orphan::rescue;

/// A scope in which nothing went wrong has nothing to drop, and one that was cancelled no more than why.
pub(crate) enum Side {
    Nothing,
    /// The code was dropped for this.
    Stopped(Cancellation),
    /// Its body counts as cancelled, for this.
    Cancelled(Cancellation),
    More(Box<SideState>),
}

/// Adopted exits, awaited in the scope's own task one after the other in the order they were abandoned, failures in the order
/// they happened, and the rest.
///
/// Dropped with exits still to run, it passes them outward: an adopted exit that has begun goes on elsewhere (law 6).
#[derive(Default)]
pub(crate) struct SideState {
    /// What the scope fails with, while something still exits: the failure of its enter, or the panic of its body.
    failed: Option<Undelivered>,
    /// And what has failed by now.
    adopted: OrphanExits,
    region: Option<BodyRegion>,
    /// Of the code of the scope and the jobs.
    rotation: Rotation,
    stopping: Option<StopRequest>,
    undone: Option<Undone>,
    /// Why its body counts as cancelled, if it does.
    cancelled: Option<Cancellation>,
}

/// Ready when what was abandoned so far has exited.
pub(super) struct Adopted<'a> {
    pub(super) runtime: &'a mut Option<Handle>,
    pub(super) side: &'a mut Side,
}

impl Future for Adopted<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Adopted { runtime, side } = &mut *self;
        side.poll_adopted_on(runtime, cx)
    }
}

/// How code ended that has not ended as it should.
pub(crate) enum Undone {
    /// An enter, or an exit. A body returns its failure.
    Failed(BoxError),
    Panicked(Panic),
    /// It was asked to stop, and was dropped.
    Stopped(StopReason),
}

/// Their place in the rotation.
const JOBS: usize = 1;

impl Side {
    pub(crate) const fn nothing() -> Self {
        Side::Nothing
    }

    #[inline]
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Side::Nothing)
    }

    #[inline]
    fn more(&self) -> Option<&SideState> {
        match self {
            Side::More(state) => Some(state),
            Side::Nothing | Side::Stopped(_) | Side::Cancelled(_) => None,
        }
    }

    #[inline]
    fn more_mut(&mut self) -> Option<&mut SideState> {
        match self {
            Side::More(state) => Some(state),
            Side::Nothing | Side::Stopped(_) | Side::Cancelled(_) => None,
        }
    }

    #[cold]
    fn make_more(&mut self) -> &mut SideState {
        if self.more().is_none() {
            let mut state = Box::<SideState>::default();
            match std::mem::replace(self, Side::Nothing) {
                Side::Stopped(why) => state.undone = Some(Undone::Stopped(StopReason::Cancelled(why))),
                Side::Cancelled(why) => state.cancelled = Some(why),
                Side::Nothing | Side::More(_) => {}
            }
            *self = Side::More(state);
        }
        match self.more_mut() {
            Some(state) => state,
            None => unreachable!("it has just been made"),
        }
    }

    /// Adopts what belongs to this task; the rest has a task or runtime of its own and is rescued there.
    #[cold]
    pub(crate) fn adopt(&mut self, abandoned: Vec<OrphanExit>) {
        let (ours, others): (Vec<_>, Vec<_>) = abandoned.into_iter().partition(OrphanExit::may_be_adopted_here);
        let exits = ours.iter().filter(|job| !job.is_elsewhere());
        exits.for_each(|job| event::adopted(&job.subject));
        self.make_more().adopted.left.extend(ours);
        rescue::spawn(others);
    }

    /// To be called before the code of the scope is polled: runs the adopted exits if it is their turn to come first.
    #[inline]
    pub(crate) fn begin_round(&mut self, cx: &mut Context<'_>) {
        if let Some(state) = self.more_mut() {
            state.begin_round(cx);
        }
    }

    /// To be called when the code waits: runs the adopted exits.
    #[inline]
    pub(crate) fn end_round(&mut self, cx: &mut Context<'_>) {
        if let Some(state) = self.more_mut() {
            state.end_round(cx);
        }
    }

    /// Runs the adopted exits; ready when none is left.
    #[inline]
    pub(crate) fn poll_adopted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.more_mut() {
            None => Poll::Ready(()),
            Some(state) => state.adopted.poll_each(cx),
        }
    }

    /// As [`poll_adopted`](Side::poll_adopted). The runtime is remembered as in a body that waits.
    #[inline]
    pub(super) fn poll_adopted_on(&mut self, runtime: &mut Option<Handle>, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_nothing() {
            return Poll::Ready(());
        }
        if runtime.is_none() {
            *runtime = Handle::try_current().ok();
        }
        self.poll_adopted(cx)
    }

    #[cold]
    pub(crate) fn append(&mut self, failures: Failures) {
        self.make_more().adopted.failures.append(failures);
    }

    #[cold]
    pub(crate) fn put_up(&mut self, region: BodyRegion) {
        self.make_more().region = Some(region);
    }

    #[inline]
    pub(crate) fn region(&mut self) -> Option<&mut BodyRegion> {
        self.more_mut()?.region.as_mut()
    }

    /// Whether the code was asked to stop, and is not dropped for it.
    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
        self.more().is_some_and(|state| state.stopping.is_some())
    }

    #[cold]
    pub(crate) fn stop(&mut self, reason: StopReason) {
        self.make_more().stopping = Some(StopRequest::new(reason));
    }

    /// Ready when code that was asked to stop must be dropped now.
    pub(crate) fn poll_stopping(&mut self, cx: &mut Context<'_>) -> Poll<StopReason> {
        let stopping = self.more_mut().and_then(|state| state.stopping.as_mut());
        if let Some(stopping) = stopping {
            ready!(stopping.poll(cx));
        }
        self.take_stop().map_or(Poll::Pending, Poll::Ready)
    }

    /// Why the code was asked to stop, if it then ended by itself, or panicked as it was dropped.
    pub(crate) fn take_stop(&mut self) -> Option<StopReason> {
        Some(self.more_mut()?.stopping.take()?.reason)
    }

    #[cold]
    pub(crate) fn note(&mut self, undone: Undone) {
        match (undone, &self) {
            (Undone::Stopped(StopReason::Cancelled(why)), Side::Nothing) => *self = Side::Stopped(why),
            (undone, _) => self.make_more().undone = Some(undone),
        }
    }

    pub(crate) fn take_undone(&mut self) -> Option<Undone> {
        if let Side::Stopped(why) = self {
            let why = why.clone();
            *self = Side::Nothing;
            return Some(Undone::Stopped(StopReason::Cancelled(why)));
        }
        self.more_mut()?.undone.take()
    }

    /// What the scope fails with, while something still exits.
    #[cold]
    pub(crate) fn fail(&mut self, failed: Undelivered) {
        self.make_more().failed = Some(failed);
    }

    pub(crate) fn take_failed(&mut self) -> Option<Undelivered> {
        self.more_mut()?.failed.take()
    }

    /// Whether the body was neither dropped nor panicked.
    #[inline]
    pub(super) fn ended_by_itself(&self) -> bool {
        self.cancelled().is_none() && self.failed().is_none()
    }

    #[cold]
    pub(crate) fn cancel(&mut self, cancellation: Cancellation) {
        match self {
            Side::Nothing => *self = Side::Cancelled(cancellation),
            _ => self.make_more().cancelled = Some(cancellation),
        }
    }

    #[inline]
    pub(crate) fn cancelled(&self) -> Option<&Cancellation> {
        match self {
            Side::Cancelled(why) => Some(why),
            _ => self.more()?.cancelled.as_ref(),
        }
    }

    #[inline]
    pub(crate) fn failed(&self) -> Option<&Undelivered> {
        self.more()?.failed.as_ref()
    }

    pub(crate) fn take_cancelled(&mut self) -> Option<Cancellation> {
        if let Side::Cancelled(why) = self {
            let why = why.clone();
            *self = Side::Nothing;
            return Some(why);
        }
        self.more_mut()?.cancelled.take()
    }

    /// What failed so far.
    #[inline]
    pub(crate) fn take_failures(&mut self) -> Failures {
        match self.more_mut() {
            None => Failures::default(),
            Some(state) => std::mem::take(&mut state.adopted.failures),
        }
    }
}

impl SideState {
    #[cold]
    fn begin_round(&mut self, cx: &mut Context<'_>) {
        if self.rotation.begin() == JOBS {
            let _ = self.adopted.poll_each(cx);
        }
    }

    #[cold]
    fn end_round(&mut self, cx: &mut Context<'_>) {
        let _ = self.adopted.poll_each(cx);
        self.rotation.end(2);
    }
}

impl Drop for SideState {
    #[cold]
    fn drop(&mut self) {
        drop(self.failed.take());
        collector::pass_on(std::mem::take(&mut self.adopted.left).into());
    }
}
