//! [`EnterThen`]: enters a resource and then runs what follows, in the place where the enter was.
//!
//! Two stages of one enum rather than two awaits in one `async` block: the enter's state and the body's share their
//! memory, and between "entered" and "will be exited" there is nothing that could wait (law 5).

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::code::{Carried, Code, Made};
use super::drive::{End, drive};
use super::held::{Held, Keep};
use super::limit::{Limit, StopReason};
use super::side::{Side, Undone};
use crate::base::called;
use crate::base::cause::Phase;
use crate::base::entry::Entry;
use crate::base::identity::checks_enabled;
use crate::base::timer::{self, Timer};
use crate::cancel::cancellation::Cancellation;
use crate::cancel::current;
use crate::error::overrun::Allowed;
use crate::error::{BoxError, Error, ErrorKind};
use crate::event::failures::{Failures, OneFailure, report_attached};
use crate::event::{self, EventKind};
use crate::resource::LocalResource;

pin_project! {
    #[project = EnterThenProj]
    pub(crate) enum EnterThen<F, R: LocalResource, N, B> {
        Entering {
            #[pin]
            code: Made<F, Result<R, BoxError>, Carried>,
            #[pin]
            arrival: Arrival,
            next: Option<N>,
        },
        Running {
            #[pin]
            running: B,
        },
    }
}

impl<F, R: LocalResource, N, B> EnterThen<F, R, N, B>
where
    N: FnOnce(Held<R>) -> B,
{
    #[inline]
    pub(crate) fn new(enter: F, entry: Entry, next: N) -> Self {
        EnterThen::Entering { arrival: Arrival::new(entry), code: Made::made(enter), next: Some(next) }
    }
}

impl<R, T, E, F, N, B> Future for EnterThen<F, R, N, B>
where
    R: LocalResource,
    E: From<Error>,
    F: Future<Output = Result<R, BoxError>>,
    N: FnOnce(Held<R>) -> B,
    B: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let EnterThenProj::Entering { code, arrival, .. } = self.as_mut().project() {
            ready!(arrival.poll(code, cx))?;
            // At once, before anything else is awaited (law 5).
            self.as_mut().run();
        }
        match self.project() {
            EnterThenProj::Running { running } => running.poll(cx),
            EnterThenProj::Entering { .. } => polled_after_it_ended(),
        }
    }
}

impl<F, R, N, B> EnterThen<F, R, N, B>
where
    R: LocalResource,
    N: FnOnce(Held<R>) -> B,
{
    // Not in `poll`: what is moved here is then not on the stack of what is polled inside.
    #[inline]
    fn run(mut self: Pin<&mut Self>) {
        if let EnterThenProj::Entering { code, arrival, next } = self.as_mut().project() {
            let Some(next) = next.take() else { polled_after_it_ended() };
            let Some(Ok(resource)) = code.take() else { polled_after_it_ended() };
            let running = next(Held::kept(resource, arrival.entered()));
            self.set(EnterThen::Running { running });
        }
    }
}

#[cold]
fn polled_after_it_ended() -> ! {
    panic!("scope polled after it ended")
}

pin_project! {
    /// All of an enter but for its code.
    pub(crate) struct Arrival {
        #[pin]
        timer: Timer,
        stage: EnterStage,
        // Until it has ended.
        keep: Option<Keep>,
    }
}

#[derive(PartialEq, Eq)]
enum EnterStage {
    Unbegun,
    Begun,
    /// It ended without a resource, and the exits that it abandoned are awaited; why is set aside.
    Refused,
}

impl Arrival {
    #[inline]
    fn new(entry: Entry) -> Self {
        Arrival {
            timer: Timer::unarmed(),
            stage: EnterStage::Unbegun,
            keep: Some(Keep::new(entry)),
        }
    }

    /// Ready when the code has given a resource, or with why it has not.
    #[inline]
    fn poll(
        mut self: Pin<&mut Self>,
        mut code: Pin<&mut (dyn Code + '_)>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let this = self.as_mut().project();
        let Some(Keep { entry, side, .. }) = this.keep else { polled_after_it_ended() };
        match this.stage {
            EnterStage::Begun => {}
            EnterStage::Unbegun => {
                begin(entry)?;
                *this.stage = EnterStage::Begun;
            }
            EnterStage::Refused => return self.poll_refused(cx).map(Err),
        }
        #[cfg(feature = "tracing")]
        let _in_span = event::in_span(entry);
        let limit = Limit::Enter { timer: this.timer, entry };
        let polled = if entry.is_told() {
            drive_told(entry, code.as_mut(), limit, side, cx)
        } else {
            drive(code.as_mut(), limit, side, cx)
        };
        if polled.is_pending() && side.is_stopping() {
            stop_inside(entry);
        }
        if ready!(polled) == End::Done {
            if entry.may_be_observed() {
                event::entered(entry);
            }
            return Poll::Ready(Ok(()));
        }
        let why = refusal(entry, side);
        event::enter_failed(entry, &why.error);
        side.fail(why.into());
        *this.stage = EnterStage::Refused;
        self.poll_refused(cx).map(Err)
    }

    /// What is needed on the way to the exit.
    fn entered(self: Pin<&mut Self>) -> Keep {
        let Some(mut keep) = self.project().keep.take() else {
            polled_after_it_ended()
        };
        keep.begin();
        if keep.entry.policy.enter().is_some() {
            current::end_root();
        }
        keep
    }

    /// The error of the scope; what is attached to it is reported as well if it may be dropped (law 23). A panic goes on:
    /// nothing was entered, so nothing has to exit before it.
    #[cold]
    fn poll_refused(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Error> {
        let this = self.project();
        let Some(Keep { side, .. }) = this.keep else { polled_after_it_ended() };
        ready!(side.poll_adopted(cx));
        let (failed, failures) = (side.take_failed(), side.take_failures());
        *this.keep = None;
        let Some(failed) = failed else { polled_after_it_ended() };
        let OneFailure { mut error, panic } = failed.deliver();
        if let Some(panic) = panic {
            drop(failures);
            resume_unwind(panic)
        }
        failures.attach_to(&mut error);
        if current::may_be_dropped() {
            report_attached(&mut error);
        }
        Poll::Ready(error)
    }
}

/// For code that asks how it is entered.
#[cold]
fn drive_told(
    entry: &Entry,
    code: Pin<&mut (dyn Code + '_)>,
    limit: Limit<'_>,
    side: &mut Side,
    cx: &mut Context<'_>,
) -> Poll<End> {
    let (mut args, mut polled) = (Some((code, limit)), Poll::Pending);
    called::entering(entry, &mut || {
        if let Some((code, limit)) = args.take() {
            polled = drive(code, limit, side, cx);
        }
    });
    polled
}

/// What must hold before anything is entered.
#[inline]
fn begin(entry: &mut Entry) -> Result<(), Error> {
    if !current::is_nowhere() {
        begin_inside(entry)?;
    }
    if entry.policy.is_asked_for() || checks_enabled() {
        check_timer(entry)?;
    }
    Ok(())
}

/// What is observed has a place as well.
#[cold]
fn begin_inside(entry: &mut Entry) -> Result<(), Error> {
    if event::is_observed() {
        event::entering(entry);
    }
    match current::cancellation() {
        None => Ok(()),
        Some(cancellation) => Err(refuse(entry, cancellation)),
    }
}

/// What began inside of it in the very poll in which its time ran out is to unwind, too. If it was cancelled, this changes
/// nothing: the first reason is kept.
#[cold]
fn stop_inside(entry: &Entry) {
    current::call(entry);
    current::out_of_time(Phase::Enter);
}

/// Inside of a cancelled scope nothing is entered (law 14).
#[cold]
fn refuse(entry: &Entry, cancellation: Cancellation) -> Error {
    current::deliver();
    let error = Error::cancelled(entry.subject(), Phase::Enter, cancellation);
    event::enter_failed(entry, &error);
    error
}

/// Why there is no resource.
#[cold]
fn refusal(entry: &Entry, side: &mut Side) -> OneFailure {
    let (undone, late) = (side.take_undone(), side.take_stop());
    let failed = |error| Error::failed(&entry.subject(), Phase::Enter, error);
    let error = match (undone, late) {
        (Some(Undone::Panicked(panic)), late) => {
            if let Some(StopReason::OutOfTime) = late {
                // Reported: the panic goes first.
                drop(Failures::of(vec![overrun(entry)]));
            }
            return OneFailure::panicked(entry.subject(), Phase::Enter, panic);
        }
        // If it was asked to unwind and then ended by itself: a scope inside of it that was told has said so (law 15).
        (Some(Undone::Failed(error)), None | Some(StopReason::Cancelled(_))) => failed(error),
        (Some(Undone::Failed(error)), Some(StopReason::OutOfTime)) => {
            let mut overrun = overrun(entry);
            overrun.attach_unless_cancelled(failed(error));
            overrun
        }
        (Some(Undone::Stopped(StopReason::Cancelled(cancellation))), _) => {
            current::deliver();
            Error::cancelled(entry.subject(), Phase::Enter, cancellation)
        }
        (Some(Undone::Stopped(StopReason::OutOfTime)) | None, _) => overrun(entry),
    };
    error.into()
}

fn overrun(entry: &Entry) -> Error {
    let allowed = Allowed::Within(entry.policy.enter_budget().unwrap_or_default());
    Error::timed_out(entry, Phase::Enter, allowed, None)
}

/// A budget that somebody asked for is kept or refused, never ignored; that the default one is not kept is said once
/// per runtime, in builds with checks.
fn check_timer(entry: &Entry) -> Result<(), Error> {
    if timer::works() {
        return Ok(());
    }
    if let Some((method, budget)) = entry.policy.asked_for() {
        let refused = format!(
            "its `{method}` of {budget:?} cannot be kept, since no tokio timer works here\n\
             help: enter it on a runtime with a time driver (`Builder::enable_time` or `enable_all`), or ask for no bound: \
             `{method}(None)`"
        );
        let error = Error::new(entry, Phase::Enter, ErrorKind::NoTimer, refused.into());
        event::enter_failed(entry, &error);
        return Err(error);
    }
    if entry.policy.exit_budget().is_some() && timer::is_first_to_miss_it() {
        let reason = "no tokio timer works here (`Builder::enable_time` turns it on), so no exit budget is kept";
        event::emit(&entry.subject(), EventKind::NoTimer { reason });
    }
    Ok(())
}
