//! [`exiting`]: runs one exit, within its budget, and turns every way it can fail into [`Failures`] (laws 6, 7, 24).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::code::{Carried, Code, Lazy};
use super::drive::{End, drive};
use super::limit::Limit;
use super::side::{Side, Undone};
use crate::base::cause::Phase;
use crate::base::entry::Entry;
use crate::base::identity::{Anchor, RunningExit};
use crate::base::timer::Timer;
use crate::cancel::current;
use crate::cancel::node::Node;
use crate::cancel::place::Place;
use crate::error::{BoxError, Error};
use crate::event::failures::Failures;
use crate::event::{self, EventKind};
use crate::resource::LocalResource;
use crate::resource::exit::Exit;

/// Exits the resource. What fails is set aside, never thrown: an exit cannot stop the other exits.
#[inline]
pub(crate) fn exiting<'a, R: LocalResource>(
    resource: R,
    entry: &'a Entry,
    exit: &'a Exit,
    side: &'a mut Side,
    anchor: Anchor,
) -> impl Future<Output = ()> + use<'a, R> {
    ExitRun {
        leave: Leave::new(resource.__goes_on(), entry, exit, side, anchor),
        code: Lazy::of(move || resource.exit_local(exit)),
    }
}

pin_project! {
    struct ExitRun<'a, M, F> {
        // Before the code: it reports that that is dropped in the middle.
        #[pin]
        leave: Leave<'a>,
        #[pin]
        code: Lazy<M, F, Result<(), BoxError>, Carried>,
    }
}

impl<M, F> Future for ExitRun<'_, M, F>
where
    M: FnOnce() -> F,
    F: Future<Output = Result<(), BoxError>>,
{
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.leave.poll(this.code, cx)
    }
}

pin_project! {
    /// All of an exit but for its code.
    struct Leave<'a> {
        #[pin]
        timer: Timer,
        entry: &'a Entry,
        exit: &'a Exit,
        side: &'a mut Side,
        // Where it was handed over from.
        anchor: Anchor,
        running: RunningExit,
        // Shielded from what is around it; what is inside of it unwinds when the budget runs out (law 6).
        place: Place,
        has_ended: bool,
        goes_on: bool,
    }

    impl PinnedDrop for Leave<'_> {
        // Dropped in the middle: it cannot be started again (law 6).
        fn drop(this: Pin<&mut Self>) {
            if !this.has_ended {
                dropped(this.entry, this.goes_on);
            }
        }
    }
}

impl<'a> Leave<'a> {
    #[inline]
    fn new(goes_on: bool, entry: &'a Entry, exit: &'a Exit, side: &'a mut Side, anchor: Anchor) -> Self {
        Leave {
            timer: Timer::unarmed(),
            entry,
            exit,
            side,
            anchor,
            running: RunningExit::new(exit.is_clean()),
            place: Place::root(),
            has_ended: false,
            goes_on,
        }
    }

    #[inline]
    fn poll(mut self: Pin<&mut Self>, code: Pin<&mut (dyn Code + '_)>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.has_ended && self.as_mut().poll_code(code, cx).is_pending() {
            current::call(self.entry);
            return Poll::Pending;
        }
        self.project().side.poll_adopted(cx)
    }

    #[inline]
    fn poll_code(self: Pin<&mut Self>, mut code: Pin<&mut (dyn Code + '_)>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.exit.cancelled_around().is_none() {
            if let Some(cancellation) = current::cancellation() {
                this.exit.note_cancelled(cancellation);
            }
        }
        let (timer, entry, exit, side) = (this.timer, *this.entry, *this.exit, &mut **this.side);
        let (running, anchor) = (this.running, this.anchor);
        if entry.may_be_observed() {
            observe(entry, exit, this.place);
        }
        #[cfg(feature = "tracing")]
        let _in_span = event::in_span(entry);
        let polled = {
            let _inside = this.place.enter();
            let poll = || drive(code.as_mut(), Limit::Exit { timer, exit, entry }, side, cx);
            let polled = running.hold(|| anchor.hold(poll));
            if polled.is_pending() && side.is_stopping() {
                // Also what began inside of it in the very poll in which its time ran out.
                current::call(entry);
                current::out_of_time(Phase::Exit);
            }
            ready!(polled)
        };
        // At once: if what is still awaited is dropped, this is reported.
        if polled != End::Done || side.is_stopping() {
            let failed = failures(entry, exit, side);
            event::exited(entry, failed.first());
            side.append(failed);
        } else if entry.may_be_observed() {
            event::exited(entry, None);
        }
        *this.has_ended = true;
        Poll::Ready(())
    }
}

/// What failed, if it did: an exit that did not keep to its budget may have more to say.
#[cold]
fn failures(entry: &Entry, exit: &Exit, side: &mut Side) -> Failures {
    let undone = side.take_undone();
    let is_late = side.take_stop().is_some() || matches!(undone, Some(Undone::Stopped(_)));
    let mut overrun = is_late.then(|| {
        let (allowed, progress) = (exit.allowed(), exit.last_progress());
        Error::timed_out(entry, Phase::Exit, allowed, progress)
    });
    let after = match undone {
        Some(Undone::Panicked(panic)) => Failures::panicked(entry.subject(), Phase::Exit, panic),
        Some(Undone::Failed(error)) => {
            let failed = Error::failed(&entry.subject(), Phase::Exit, error);
            match &mut overrun {
                None => Failures::of(vec![failed]),
                Some(overrun) => {
                    overrun.attach_unless_cancelled(failed);
                    Failures::default()
                }
            }
        }
        Some(Undone::Stopped(_)) | None => Failures::default(),
    };
    match overrun {
        None => after,
        Some(overrun) => after.after(overrun),
    }
}

/// In its first poll it begins. What happens in it happens inside of the resource.
#[cold]
fn observe(entry: &Entry, exit: &Exit, place: &mut Place) {
    if let Some(subject) = event::exiting(entry, exit.cause(), exit.error(), exit.budget()) {
        let node = Node::new();
        node.name(subject);
        *place = Place::at(node);
    }
}

#[cold]
fn dropped(entry: &Entry, goes_on: bool) {
    if goes_on {
        return event::went_on(entry);
    }
    let reason = "the task that ran it was dropped before it had finished; the rest of it did not run";
    event::emit(&entry.subject(), EventKind::Interrupted { reason });
}
