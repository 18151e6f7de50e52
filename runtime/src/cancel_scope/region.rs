//! [`Region`]: runs the body of a cancel scope, and [`Bell`], what may cancel it beside its handles.

use std::future::{Future, Pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::canceller::cancel;
use crate::base::cause::Phase;
use crate::base::coop::{Rotation, poll_unbudgeted};
use crate::base::observed::Observed;
use crate::base::panic::Panic;
use crate::base::timer;
use crate::cancel::cancellation::{CancelKind, Cancellation};
use crate::cancel::current;
use crate::cancel::node::Node;
use crate::event;
use crate::event::failures::OneFailure;
use crate::event::undelivered::Undelivered;
use crate::scope::code::{Always, Code, Made};
use crate::scope::drive::{End, drive};
use crate::scope::limit::{Alarm, Limit, StopReason};
use crate::scope::side::{Side, Undone};

pin_project! {
    /// The body of a cancel scope; polled at the place of its node.
    pub(super) struct Region<F, T, S> {
        #[pin]
        code: Made<F, T, Always>,
        #[pin]
        bell: Bell<S>,
        course: RegionCourse,
    }
}

/// How the body of a cancel scope ended, with what it gave.
#[derive(Debug)]
pub enum RegionEnd<T> {
    Done(T),
    Panicked(Panic),
    /// It was cancelled, and was dropped.
    Stopped(Cancellation),
}

/// All of it but for the code and what may cancel it.
struct RegionCourse {
    has_begun: bool,
    // While adopted exits are awaited.
    end: Option<End>,
    side: Side,
    /// If somebody observes events.
    observed: Option<Box<Observed>>,
}

impl<F, T, S> Region<F, T, S> {
    pub(super) fn new(body: F, bell: Bell<S>) -> Self {
        Region {
            code: Made::made(body),
            bell,
            course: RegionCourse { has_begun: false, end: None, side: Side::nothing(), observed: None },
        }
    }
}

impl<F: Future<Output = T>, S: Future, T> Future for Region<F, T, S> {
    type Output = RegionEnd<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let undone = ready!(this.course.poll(this.code.as_mut(), this.bell, cx));
        Poll::Ready(match undone {
            Some(Undone::Panicked(panic)) => RegionEnd::Panicked(panic),
            Some(Undone::Stopped(StopReason::Cancelled(cancellation))) => RegionEnd::Stopped(cancellation),
            _ => this.code.take().map_or_else(|| ended_twice(), RegionEnd::Done),
        })
    }
}

#[cold]
fn ended_twice() -> ! {
    panic!("cancel scope polled after it ended")
}

impl RegionCourse {
    /// Ready when the body has ended, and what it abandoned; perhaps not by itself.
    fn poll(
        &mut self,
        code: Pin<&mut (dyn Code + '_)>,
        mut bell: Pin<&mut (dyn Alarm + '_)>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Undone>> {
        if !self.has_begun {
            self.has_begun = true;
            if event::is_observed() {
                self.observed = event::opened();
            }
            begin();
        }
        bell.as_mut().begin_round(cx);
        let polled = self.poll_round(code, bell.as_mut(), cx);
        bell.end_round();
        ready!(polled);
        let failed = self.side.take_failed();
        let undone = self.side.take_undone();
        if matches!(undone, Some(Undone::Stopped(_))) {
            current::deliver();
        }
        if let Some(observed) = self.observed.take() {
            event::closed(&observed);
        }
        // What failed in an adopted exit has nobody to return it: it is reported.
        drop(self.side.take_failures());
        let panic = failed.and_then(|failed| failed.deliver().panic);
        Poll::Ready(panic.map(Undone::Panicked).or(undone))
    }

    fn poll_round(
        &mut self,
        code: Pin<&mut (dyn Code + '_)>,
        mut bell: Pin<&mut (dyn Alarm + '_)>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if self.end.is_none() {
            let end = ready!(drive(code, Limit::Region(bell.as_mut()), &mut self.side, cx));
            self.end = Some(end);
            if end == End::Undone {
                self.keep_panic();
            }
        }
        if self.side.poll_adopted(cx).is_pending() {
            // Its deadline may pass meanwhile.
            let _ = bell.poll_cancelled(cx);
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Dropped while adopted exits are awaited, a panic is reported.
    #[cold]
    fn keep_panic(&mut self) {
        match self.side.take_undone() {
            Some(Undone::Panicked(panic)) => self.side.fail(panicked(panic)),
            Some(undone) => self.side.note(undone),
            None => {}
        }
    }
}

/// The panic of the body here.
#[cold]
fn panicked(panic: Panic) -> Undelivered {
    let subject = current::here().and_then(|node| node.subject().cloned());
    let Some(subject) = subject else {
        unreachable!("a cancel scope has its name from the start")
    };
    OneFailure::panicked(subject, Phase::Body, panic).into()
}

pin_project! {
    /// A deadline that may move, and a future that cancels when it completes.
    pub(crate) struct Bell<S> {
        rings_at: Option<Instant>,
        #[pin]
        sleep: Option<Sleep>,
        #[pin]
        stop: Option<S>,
        stopped_by: CancelKind,
        // Of the body and the stop.
        rotation: Rotation,
    }
}

/// Its place in the rotation.
const STOP: usize = 1;

impl<S> Bell<S> {
    pub(crate) fn new(stop: Option<S>, stopped_by: CancelKind) -> Self {
        Bell {
            rings_at: None,
            sleep: None,
            stop,
            stopped_by,
            rotation: Rotation::beginning_with(STOP),
        }
    }
}

impl Bell<Pending<()>> {
    /// Nothing rings but the node's own deadline.
    pub(crate) fn none() -> Self {
        Bell::new(None, CancelKind::Stop)
    }
}

impl<S: Future> Bell<S> {
    fn poll_stopped(self: Pin<&mut Self>, node: &Arc<Node>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(stop) = this.stop.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        // A scope inside of it is no part of the body.
        ready!(current::outside(|| stop.poll(cx)));
        this.stop.set(None);
        if let Some(place) = node.subject().map(|subject| subject.place) {
            cancel(node, &Cancellation::new(this.stopped_by.clone(), place));
        }
        Poll::Ready(())
    }

    fn poll_deadline(self: Pin<&mut Self>, node: &Arc<Node>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let deadline = node.deadline();
        if *this.rings_at != deadline {
            *this.rings_at = deadline;
            this.sleep.set(deadline.map(sleep_until));
        }
        match this.sleep.as_pin_mut() {
            Some(sleep) => ready!(poll_unbudgeted(sleep, cx)),
            None => return Poll::Pending,
        }
        deadline_passed(node);
        Poll::Ready(())
    }
}

impl<S: Future> Alarm for Bell<S> {
    /// Polls the stop if its turn is before the body: in the first round, so that what has happened already cancels before
    /// anything is entered, and whenever a body that is never idle has left nothing of the budget.
    fn begin_round(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        if self.stop.is_none() {
            return;
        }
        let mut this = self;
        if this.as_mut().project().rotation.begin() == STOP {
            if let Some(node) = current::here().filter(|node| !node.is_cancelled()) {
                let _ = this.poll_stopped(&node, cx);
            }
        }
    }

    fn end_round(self: Pin<&mut Self>) {
        if self.stop.is_some() {
            self.project().rotation.end(2);
        }
    }

    fn poll_cancelled(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cancellation> {
        let Some(node) = current::here() else {
            return Poll::Pending;
        };
        if !node.is_cancelled() {
            let stopped = self.as_mut().poll_stopped(&node, cx);
            let passed = self.poll_deadline(&node, cx);
            if stopped.is_pending() && passed.is_pending() {
                return Poll::Pending;
            }
        }
        node.cancellation().map_or(Poll::Pending, Poll::Ready)
    }
}

/// A deadline that has passed already cancels before the body is polled.
fn begin() {
    let Some(node) = current::here() else { return };
    if node.deadline().is_some_and(|at| at <= Instant::now()) {
        deadline_passed(&node);
    }
}

fn deadline_passed(node: &Arc<Node>) {
    if let Some(subject) = node.subject().cloned() {
        let place = subject.place;
        cancel(node, &Cancellation::new(CancelKind::Deadline(subject), place));
    }
}

fn sleep_until(deadline: Instant) -> Sleep {
    let Some(sleep) = timer::try_sleep(deadline) else {
        panic!(
            "a deadline needs a tokio timer, and none works here\n\
             help: run it on a runtime with a time driver (`Builder::enable_time` or `enable_all`)"
        )
    };
    sleep
}
