//! [`Region`]: runs the body of a cancel scope, and [`Alarm`], what may cancel it beside its handles.

use std::future::{Future, Pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use crate::base::cause::Phase;
use crate::base::coop::{Rotation, poll_unbudgeted};
use crate::base::panic::Panic;
use crate::base::timer;
use crate::cancel::cancellation::{Cancellation, Kind};
use crate::cancel::frame;
use crate::cancel::node::Node;
use crate::orphan::aside::Aside;
use crate::report::failures::Failure;
use crate::report::undelivered::Undelivered;
use crate::scope::driven::{Driven, Outcome};
use crate::scope::limit::Limit;

pin_project! {
    /// The body of a cancel scope; polled at the place of its node.
    #[project = RegionProj]
    pub(super) struct Region<F, T, S> {
        #[pin]
        driven: Driven<F, Alarm<S>, Cancellation>,
        // While adopted exits are awaited. Dropped meanwhile, a panic is reported.
        outcome: Option<Result<Outcome<T, Cancellation>, Undelivered>>,
        aside: Aside,
        begun: bool,
    }
}

impl<F, T, S> Region<F, T, S> {
    pub(super) fn new(body: F, alarm: Alarm<S>) -> Self {
        Region {
            driven: Driven::new(body, alarm),
            outcome: None,
            aside: Aside::nothing(),
            begun: false,
        }
    }
}

impl<F: Future<Output = T>, S: Future, T> RegionProj<'_, F, T, S> {
    fn poll_round(&mut self, cx: &mut Context<'_>) -> Poll<Outcome<T, Cancellation>> {
        if self.outcome.is_none() {
            *self.outcome = Some(match ready!(self.driven.as_mut().poll(self.aside, cx)) {
                Outcome::Panicked(panic) if !self.aside.is_nothing() => Err(panicked(panic)),
                outcome => Ok(outcome),
            });
        }
        if self.aside.poll_adopted(cx).is_pending() {
            // Its deadline may pass meanwhile.
            let _ = self.driven.as_mut().limit().poll_stop(cx);
            return Poll::Pending;
        }
        match self.outcome.take() {
            Some(Ok(outcome)) => Poll::Ready(outcome),
            Some(Err(panicked)) => match panicked.deliver().panic {
                Some(panic) => Poll::Ready(Outcome::Panicked(panic)),
                None => unreachable!("it is that of a panic"),
            },
            None => Poll::Pending,
        }
    }
}

impl<F: Future<Output = T>, S: Future, T> Future for Region<F, T, S> {
    type Output = Outcome<T, Cancellation>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !*this.begun {
            *this.begun = true;
            begin();
        }
        this.driven.as_mut().limit().begin_round(cx);
        let polled = this.poll_round(cx);
        this.driven.as_mut().limit().end_round();
        let outcome = ready!(polled);
        if matches!(outcome, Outcome::Stopped(_)) {
            frame::deliver();
        }
        // What failed in an adopted exit has nobody to return it: it goes to the report hook.
        drop(this.aside.take_failures());
        Poll::Ready(outcome)
    }
}

/// The panic of the body here.
#[cold]
fn panicked(panic: Panic) -> Undelivered {
    let subject = frame::here().and_then(|node| node.subject().cloned());
    let Some(subject) = subject else {
        unreachable!("a cancel scope has its name from the start")
    };
    Failure::panicked(subject, Phase::Body, panic).into()
}

pin_project! {
    /// A deadline that may move, and a future that cancels when it completes.
    pub(crate) struct Alarm<S> {
        rings_at: Option<Instant>,
        #[pin]
        sleep: Option<Sleep>,
        #[pin]
        stop: Option<S>,
        stopped_by: Kind,
        // Of the body and the stop.
        rotation: Rotation,
    }
}

/// Its place in the rotation.
const STOP: usize = 1;

impl<S> Alarm<S> {
    pub(crate) fn new(stop: Option<S>, stopped_by: Kind) -> Self {
        Alarm {
            rings_at: None,
            sleep: None,
            stop,
            stopped_by,
            rotation: Rotation::beginning_with(STOP),
        }
    }
}

impl Alarm<Pending<()>> {
    /// Nothing rings but the node's own deadline.
    pub(crate) fn none() -> Self {
        Alarm::new(None, Kind::Stop)
    }
}

impl<S: Future> Alarm<S> {
    /// Polls the stop if its turn is before the body: in the first round, so that what has happened already cancels before
    /// anything is entered, and whenever a body that is never idle has left nothing of the budget.
    fn begin_round(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        if self.stop.is_none() {
            return;
        }
        let mut this = self;
        if this.as_mut().project().rotation.begin() == STOP {
            if let Some(node) = frame::here().filter(|node| !node.is_cancelled()) {
                let _ = this.poll_stopped(&node, cx);
            }
        }
    }

    fn end_round(self: Pin<&mut Self>) {
        if self.stop.is_some() {
            self.project().rotation.end(2);
        }
    }

    fn poll_stopped(self: Pin<&mut Self>, node: &Arc<Node>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(stop) = this.stop.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        // A scope inside of it is no part of the body.
        ready!(frame::outside(|| stop.poll(cx)));
        this.stop.set(None);
        if let Some(place) = node.subject().map(|subject| subject.place) {
            node.cancel(&Cancellation::new(this.stopped_by.clone(), place));
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

impl<S: Future> Limit for Alarm<S> {
    type Stop = Cancellation;

    fn poll_stop(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cancellation> {
        let Some(node) = frame::here() else {
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
    let Some(node) = frame::here() else { return };
    if node.deadline().is_some_and(|at| at <= Instant::now()) {
        deadline_passed(&node);
    }
}

fn deadline_passed(node: &Arc<Node>) {
    if let Some(subject) = node.subject().cloned() {
        let place = subject.place;
        node.cancel(&Cancellation::new(Kind::Deadline(subject), place));
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
