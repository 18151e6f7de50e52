//! [`Staged`]: enters a resource and then runs what follows, in the place where the enter was.
//!
//! Two stages of one enum rather than two awaits in one `async` block: the enter's state and the body's share their
//! memory, and between "entered" and "will be exited" there is nothing that could wait (law 5).

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::driven::{Driven, Outcome};
use super::held::Held;
use super::limit::{Limit, Stop};
use crate::base::budget::Budget;
use crate::base::cause::Cause;
use crate::base::cause::Phase;
use crate::base::entry::Entry;
use crate::base::identity::checks_enabled;
use crate::base::timer::{self, Timer};
use crate::cancel::cancellation::Cancellation;
use crate::cancel::frame;
use crate::error::{Allowed, BoxError, Error, ErrorKind};
use crate::orphan::aside::Aside;
use crate::report::failures::{Failure, Failures, report_attached};
use crate::report::undelivered::Undelivered;
use crate::report::{self, Report, ReportKind};
use crate::resource::LocalResource;

pin_project! {
    #[project = StagedProj]
    #[project_replace = StagedOwn]
    pub(crate) enum Staged<F, R: LocalResource, N, B> {
        Entering {
            #[pin]
            entering: Driven<F, Timer<Option<Budget>>, Unentered>,
            start: Option<Start<N>>,
        },
        // The enter has ended, and the exits that it abandoned are awaited.
        Adopting {
            entered: Result<Held<R>, Refused>,
            next: N,
        },
        Running {
            #[pin]
            running: B,
        },
        Over,
    }
}

/// What the enter is waited for with.
pub(crate) struct Start<N> {
    entry: Entry,
    aside: Aside,
    /// Whether the enter may be polled.
    begun: bool,
    next: N,
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

impl Limit for Timer<Option<Budget>> {
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
pub(crate) struct Refused {
    why: Undelivered,
    aside: Aside,
}

impl<R: LocalResource, F, N, B> Staged<F, R, N, B> {
    #[inline]
    pub(crate) fn new(enter: F, entry: Entry, next: N) -> Self {
        let entering = Driven::new(enter, Timer::new(entry.policy.enter()));
        let start = Start {
            entry,
            aside: Aside::nothing(),
            begun: false,
            next,
        };
        Staged::Entering {
            entering,
            start: Some(start),
        }
    }
}

impl<R, F, N, B> Staged<F, R, N, B>
where
    R: LocalResource,
    N: FnOnce(Held<R>) -> B,
{
    /// Keeps the resource, or why there is none, while what the enter abandoned is awaited.
    #[cold]
    fn adopt(mut self: Pin<&mut Self>, outcome: Outcome<Result<R, BoxError>, Unentered>) {
        let StagedProj::Entering { entering, start } = self.as_mut().project() else {
            unreachable!("it is an enter that has ended")
        };
        let (late, start) = (entering.take_stop(), take(start));
        let (entry, aside, next) = (start.entry, start.aside, start.next);
        let entered = match outcome {
            Outcome::Done(Ok(resource)) => Ok(Held::new(resource, entry, aside)),
            outcome => Err(Refused {
                why: refusal(outcome, late, &entry).into(),
                aside,
            }),
        };
        self.set(Staged::Adopting { entered, next });
    }

    #[cold]
    fn poll_adopting(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let StagedProj::Adopting { entered, .. } = self.as_mut().project() {
            let aside = match entered {
                Ok(held) => &mut held.aside,
                Err(refused) => &mut refused.aside,
            };
            ready!(aside.poll_adopted(cx));
        }
        if let StagedOwn::Adopting { entered, next } = self.as_mut().project_replace(Staged::Over) {
            self.run(entered.map_err(Refused::into_error)?, next);
        }
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn run(mut self: Pin<&mut Self>, held: Held<R>, next: N) {
        frame::end_root();
        let running = next(held);
        self.set(Staged::Running { running });
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
            waiting.begin()?;
            let mut entering = entering;
            let (entry, aside) = (&waiting.entry, &mut waiting.aside);
            let polled = R::__entering(entry, || entering.as_mut().poll(aside, cx));
            if polled.is_pending() && entering.is_stopping() {
                waiting.stop_inside();
            }
            let outcome = ready!(polled);
            // At once, before anything else is awaited (law 5).
            match outcome {
                Outcome::Done(Ok(resource)) if waiting.aside.is_nothing() => {
                    let Start { entry, aside, next, .. } = take(start);
                    self.as_mut().run(Held::new(resource, entry, aside), next);
                }
                outcome => self.as_mut().adopt(outcome),
            }
        }
        if let Staged::Adopting { .. } = *self {
            ready!(self.as_mut().poll_adopting(cx))?;
        }
        match self.project() {
            StagedProj::Running { running } => running.poll(cx),
            _ => panic!("scope polled after it ended"),
        }
    }
}

#[inline]
fn take<N>(start: &mut Option<Start<N>>) -> Start<N> {
    match start.take() {
        Some(start) => start,
        None => unreachable!("it was there before the enter was polled"),
    }
}

impl<N> Start<N> {
    /// What must hold before anything is entered.
    #[inline]
    fn begin(&mut self) -> Result<(), Error> {
        frame::call(|| self.entry.subject());
        if self.begun {
            return Ok(());
        }
        if let Some(cancellation) = frame::cancellation() {
            return Err(self.refuse(cancellation));
        }
        self.begun = true;
        let entry = &self.entry;
        if entry.policy.is_asked_for() || checks_enabled() {
            check_timer(entry)?;
        }
        Ok(())
    }

    /// What began inside of it in the very poll in which its time ran out is to unwind, too. If it was cancelled, this changes
    /// nothing: the first reason is kept.
    #[cold]
    fn stop_inside(&self) {
        frame::call(|| self.entry.subject());
        frame::out_of_time(Phase::Enter);
    }

    /// Inside of a cancelled scope nothing is entered (law 14).
    #[cold]
    fn refuse(&self, cancellation: Cancellation) -> Error {
        frame::deliver();
        Error::cancelled(&self.entry, Phase::Enter, cancellation)
    }
}

#[cold]
fn refusal<R>(outcome: Outcome<Result<R, BoxError>, Unentered>, late: Option<Unentered>, entry: &Entry) -> Failure {
    let failed = |error| Error::failed(&entry.subject(), Phase::Enter, error);
    let overrun = || {
        let allowed = Allowed::Within(entry.policy.enter_budget().unwrap_or_default());
        Error::timed_out(entry, Phase::Enter, allowed, None)
    };
    let error = match (outcome, late) {
        (Outcome::Panicked(panic), late) => {
            if let Some(Unentered::OutOfTime) = late {
                // Reported: the panic goes first.
                drop(Failures::of(vec![overrun()]));
            }
            return Failure::panicked(entry.subject(), Phase::Enter, panic);
        }
        // If it was asked to unwind and then ended by itself: a scope inside of it that was told has said so (law 15).
        (Outcome::Done(Err(error)), None | Some(Unentered::Cancelled(_))) => failed(error),
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
    };
    error.into()
}

impl Refused {
    /// The error of the scope; what is attached to it is reported as well if it may be dropped (law 23). A panic goes on:
    /// nothing was entered, so nothing has to exit before it.
    fn into_error(mut self) -> Error {
        let Failure { mut error, panic } = self.why.deliver();
        if let Some(panic) = panic {
            resume_unwind(panic)
        }
        self.aside.take_failures().attach_to(&mut error);
        if frame::may_be_dropped() {
            report_attached(&mut error);
        }
        error
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
        return Err(Error::new(entry, Phase::Enter, ErrorKind::NoTimer, refused.into()));
    }
    if entry.policy.exit_budget().is_some() && timer::is_first_to_miss_it() {
        let reason = "no tokio timer works here (`Builder::enable_time` turns it on), so no exit budget is kept";
        report::send(&Report::about(ReportKind::NoTimer, &entry.subject(), reason));
    }
    Ok(())
}
