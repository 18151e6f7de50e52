//! [`exiting`]: runs one exit, within its budget, and turns every way it can fail into [`Failures`] (laws 6, 7, 24).

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::driven::{Driven, Outcome};
use super::lazy::Lazy;
use super::limit::{Limit, Stop};
use crate::base::cause::Cause;
use crate::base::cause::Phase;
use crate::base::entry::Entry;
use crate::base::identity::{Anchor, Running};
use crate::base::timer::Timer;
use crate::cancel::frame::{self, Place};
use crate::error::{BoxError, Error};
use crate::orphan::aside::Aside;
use crate::report::failures::Failures;
use crate::report::{self, Report, ReportKind};
use crate::resource::LocalResource;
use crate::resource::exit::Exit;

/// Exits the resource. What fails is set aside, never thrown: an exit cannot stop the other exits.
#[inline]
pub(crate) fn exiting<'a, R: LocalResource>(
    resource: R,
    entry: &'a Entry,
    exit: &'a Exit,
    aside: &'a mut Aside,
    anchor: Anchor,
) -> impl Future<Output = ()> + use<'a, R> {
    Exiting {
        of: PhantomData::<fn(R)>,
        driven: Driven::new(Lazy::new(|| resource.exit_local(exit)), Timer::new(exit)),
        entry,
        exit,
        aside,
        anchor,
        running: Running::new(exit.is_clean()),
        place: Place::root(),
    }
}

/// The budget of an exit has run out (law 6).
pub(crate) struct OutOfTime;

impl Stop for OutOfTime {
    fn cause(&self) -> Cause {
        Cause::TimedOut
    }
}

impl Limit for Timer<&Exit> {
    type Stop = OutOfTime;

    fn poll_stop(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<OutOfTime> {
        ready!(self.poll_reached(cx));
        frame::out_of_time(Phase::Exit);
        Poll::Ready(OutOfTime)
    }
}

pin_project! {
    struct Exiting<'a, R: LocalResource, F> {
        of: PhantomData<fn(R)>,
        #[pin]
        driven: Driven<F, Timer<&'a Exit>, OutOfTime>,
        entry: &'a Entry,
        exit: &'a Exit,
        aside: &'a mut Aside,
        // Where it was handed over from.
        anchor: Anchor,
        running: Running,
        // Shielded from what is around it; what is inside of it unwinds when the budget runs out (law 6).
        place: Place,
    }

    impl<R: LocalResource, F> PinnedDrop for Exiting<'_, R, F> {
        // Dropped in the middle: it cannot be started again (law 6).
        fn drop(this: Pin<&mut Self>) {
            if !this.driven.has_ended() && !R::__goes_on() {
                interrupted(this.entry);
            }
        }
    }
}

impl<R: LocalResource, F: Future<Output = Result<(), BoxError>>> Future for Exiting<'_, R, F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut driven = this.driven;
        if !driven.has_ended() {
            if this.exit.cancelled_around().is_none() {
                if let Some(cancellation) = frame::cancellation() {
                    this.exit.note_cancelled(cancellation);
                }
            }
            let outcome = {
                let _inside = this.place.enter();
                frame::call(|| this.entry.subject());
                let (anchor, aside) = (this.anchor, &mut **this.aside);
                let poll = || driven.as_mut().poll(aside, cx);
                let polled = this.running.hold(|| anchor.hold(poll));
                if polled.is_pending() && driven.is_stopping() {
                    // Also what began inside of it in the very poll in which its time ran out.
                    frame::call(|| this.entry.subject());
                    frame::out_of_time(Phase::Exit);
                }
                ready!(polled)
            };
            let late = driven.is_stopping();
            // At once: if what is still awaited is dropped, this is reported.
            match outcome {
                Outcome::Done(Ok(())) if !late => {}
                outcome => this.aside.append(failures(this.entry, this.exit, outcome, late)),
            }
        }
        this.aside.poll_adopted(cx)
    }
}

/// What failed, in the order it did: that its time ran out comes before what became of it then.
#[cold]
fn failures(entry: &Entry, exit: &Exit, outcome: Outcome<Result<(), BoxError>, OutOfTime>, late: bool) -> Failures {
    let is_late = late || matches!(outcome, Outcome::Stopped(OutOfTime));
    let mut overrun = is_late.then(|| {
        let (allowed, progress) = (exit.allowed(), exit.last_progress());
        Error::timed_out(entry, Phase::Exit, allowed, progress)
    });
    let after = match (outcome, &mut overrun) {
        (Outcome::Done(Err(error)), overrun) => {
            let failed = Error::failed(&entry.subject(), Phase::Exit, error);
            match overrun {
                None => Failures::of(vec![failed]),
                // It unwound, and had something to say about it.
                Some(overrun) => {
                    overrun.attach_unless_cancelled(failed);
                    Failures::default()
                }
            }
        }
        (Outcome::Panicked(panic), _) => Failures::panicked(entry.subject(), Phase::Exit, panic),
        (Outcome::Done(Ok(())) | Outcome::Stopped(OutOfTime), _) => Failures::default(),
    };
    match overrun {
        None => after,
        Some(overrun) => after.after(overrun),
    }
}

#[cold]
fn interrupted(entry: &Entry) {
    let reason = "the task that ran it was dropped before it had finished; the rest of it did not run";
    report::send(&Report::about(ReportKind::Interrupted, &entry.subject(), reason));
}
