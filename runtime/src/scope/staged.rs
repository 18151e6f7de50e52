//! [`Staged`]: enters a resource and then runs what follows, in the place where the enter was.
//!
//! Two stages of one enum rather than two awaits in one `async` block: the enter's state and the body's share their
//! memory, and between "entered" and "will be exited" there is nothing that could wait (law 5).

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::driven::{Driven, Limit, Outcome, Stop};
use super::held::Held;
use crate::aside::Aside;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::frame;
use crate::entry::Entry;
use crate::error::{BoxError, Error, ErrorKind, Phase};
use crate::exit::Cause;
use crate::failures::Panic;
use crate::identity::checks_enabled;
use crate::report::{self, Report, ReportKind};
use crate::resource::LocalResource;
use crate::timer::{self, Timer};

type Budget = Option<Duration>;

pin_project! {
    #[project = StagedProj]
    pub(crate) enum Staged<F, R: LocalResource, N, B> {
        Entering {
            #[pin]
            entering: Driven<F, Timer<Budget>, Unentered>,
            start: Option<Start<R, N>>,
        },
        Running {
            #[pin]
            running: B,
        },
    }
}

/// What the enter is waited for with: where the resource will be held, and what to do then.
pub(crate) struct Start<R: LocalResource, N> {
    held: Held<R>,
    next: N,
    begun: Begun,
    /// Why there is no resource, while the exits that the enter abandoned are awaited.
    refusal: Option<Refusal>,
}

/// How far the scope is before the enter is first polled.
enum Begun {
    Not,
    /// It will be refused, but has let others run first.
    Waited,
    Yes,
}

/// Why an enter was asked to stop.
pub(crate) enum Unentered {
    OutOfTime,
    Cancelled(Cancellation),
}

impl Stop for Unentered {
    fn cause(&self) -> Cause {
        match self {
            Unentered::OutOfTime => Cause::TimedOut,
            Unentered::Cancelled(cancellation) => cancellation.cause(),
        }
    }
}

impl Limit for Timer<Budget> {
    type Stop = Unentered;

    fn poll_stop(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Unentered> {
        if let Some(cancellation) = frame::cancellation() {
            return Poll::Ready(Unentered::Cancelled(cancellation));
        }
        ready!(self.poll_reached(cx));
        frame::out_of_time(Phase::Enter);
        Poll::Ready(Unentered::OutOfTime)
    }
}

/// An enter that ended without a resource.
enum Refusal {
    Error(Error),
    Panic(Panic),
}

impl<R, F, N, B> Staged<F, R, N, B>
where
    R: LocalResource,
    F: Future<Output = Result<R, BoxError>>,
{
    #[inline]
    pub(crate) fn new(enter: F, entry: Entry, next: N) -> Self {
        let entering = Driven::new(enter, Timer::new(entry.policy.enter_budget()));
        let start = Start {
            held: Held::nothing_yet(entry),
            next,
            begun: Begun::Not,
            refusal: None,
        };
        Staged::Entering {
            entering,
            start: Some(start),
        }
    }
}

impl<R, T, E, F, N, B> Future for Staged<F, R, N, B>
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
        if let StagedProj::Entering { entering, start } = self.as_mut().project() {
            let Some(waiting) = start else {
                panic!("scope polled after it ended")
            };
            ready!(waiting.poll_begin(cx))?;
            let mut entering = entering;
            if !entering.has_ended() {
                let outcome = ready!(entering.as_mut().poll(&mut waiting.held.aside, cx));
                // At once, before anything else is awaited (law 5).
                let late = entering.take_stop();
                waiting.refusal = entered(outcome, late, &mut waiting.held).err();
            }
            ready!(waiting.held.aside.poll_adopted(cx));
            if let Some(refusal) = waiting.refusal.take() {
                return Poll::Ready(Err(refused(refusal, &mut waiting.held.aside).into()));
            }
            frame::end_root();
            let Some(Start { held, next, .. }) = start.take() else {
                unreachable!("it was there before the enter was polled")
            };
            let running = next(held);
            self.as_mut().set(Staged::Running { running });
        }
        match self.project() {
            StagedProj::Running { running } => running.poll(cx),
            StagedProj::Entering { .. } => {
                unreachable!("an enter that ended was replaced by what follows")
            }
        }
    }
}

impl<R: LocalResource, N> Start<R, N> {
    /// What must hold before anything is entered.
    #[inline]
    fn poll_begin(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        frame::call(|| self.held.entry.subject());
        if matches!(self.begun, Begun::Yes) {
            return Poll::Ready(Ok(()));
        }
        if let Some(cancellation) = frame::cancellation() {
            return self.poll_refuse(cancellation, cx).map(Err);
        }
        self.begun = Begun::Yes;
        let entry = &self.held.entry;
        if entry.policy.is_asked_for() || checks_enabled() {
            check_timer(entry)?;
        }
        Poll::Ready(Ok(()))
    }

    /// Inside of a cancelled scope nothing is entered (law 14). A body that enters again and again must wait once in a while,
    /// or it could never be dropped.
    #[cold]
    fn poll_refuse(&mut self, cancellation: Cancellation, cx: &mut Context<'_>) -> Poll<Error> {
        if matches!(self.begun, Begun::Not) && frame::is_out_of_patience() {
            self.begun = Begun::Waited;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        frame::deliver();
        Poll::Ready(Error::cancelled(
            &self.held.entry,
            Phase::Enter,
            cancellation,
        ))
    }
}

/// Puts the resource where it will be exited from, or tells why there is none. `late`: it was asked to stop before.
#[inline]
fn entered<R: LocalResource>(
    outcome: Outcome<Result<R, BoxError>, Unentered>,
    late: Option<Unentered>,
    held: &mut Held<R>,
) -> Result<(), Refusal> {
    match outcome {
        Outcome::Done(Ok(resource)) => {
            held.put(resource);
            Ok(())
        }
        outcome => Err(refusal(outcome, late, &held.entry)),
    }
}

#[cold]
fn refusal<R>(
    outcome: Outcome<Result<R, BoxError>, Unentered>,
    late: Option<Unentered>,
    entry: &Entry,
) -> Refusal {
    let failed = |error| Error::failed(entry, Phase::Enter, error);
    let overrun = || Error::timed_out(entry, Phase::Enter, entry.policy.enter_budget(), None);
    Refusal::Error(match (outcome, late) {
        (Outcome::Panicked(panic), _) => return Refusal::Panic(panic),
        (Outcome::Done(Err(error)), None) => failed(error),
        // Told to unwind, it ended by itself.
        (Outcome::Done(Err(error)), Some(Unentered::Cancelled(_))) => {
            frame::deliver();
            failed(error)
        }
        (Outcome::Done(Err(error)), Some(Unentered::OutOfTime)) => {
            let mut overrun = overrun();
            overrun.attach_unless_cancelled(failed(error));
            overrun
        }
        (Outcome::Stopped(Unentered::Cancelled(cancellation)), _) => {
            frame::deliver();
            Error::cancelled(entry, Phase::Enter, cancellation)
        }
        (Outcome::Stopped(Unentered::OutOfTime) | Outcome::Done(Ok(_)), _) => overrun(),
    })
}

/// The error of the scope. A panic goes on: nothing was entered, so nothing has to exit before it.
#[cold]
fn refused(refusal: Refusal, aside: &mut Aside) -> Error {
    match refusal {
        Refusal::Error(mut error) => {
            aside.take_failures().attach_to(&mut error);
            error
        }
        Refusal::Panic(panic) => resume_unwind(panic),
    }
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
        return Err(Error::new(
            entry,
            Phase::Enter,
            ErrorKind::NoTimer,
            refused.into(),
        ));
    }
    if entry.policy.exit_budget().is_some() && timer::is_first_to_miss_it() {
        let reason = "no tokio timer works here (`Builder::enable_time` turns it on), so no exit budget is kept";
        report::send(&Report::about(
            ReportKind::NoTimer,
            &entry.subject(),
            reason,
        ));
    }
    Ok(())
}
