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

use super::driven::{Driven, OutOfTime, Outcome};
use super::held::Held;
use crate::aside::Aside;
use crate::entry::Entry;
use crate::error::{BoxError, Error, ErrorKind, Phase};
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
            entering: Driven<fn() -> F, F, Timer<Budget>, Result<R, BoxError>, OutOfTime>,
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
    /// Whether it has yet to be seen if timers work here.
    unchecked: bool,
    /// Why there is no resource, while the exits that the enter abandoned are awaited.
    refusal: Option<Refusal>,
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
        let unchecked = entry.policy.is_asked_for() || checks_enabled();
        let start = Start {
            held: Held::nothing_yet(entry),
            next,
            unchecked,
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
            if waiting.unchecked {
                waiting.unchecked = false;
                check_timer(&waiting.held.entry)?;
            }
            if !entering.has_ended() {
                let outcome = ready!(entering.poll_code(&mut waiting.held.aside, cx));
                // At once, before anything else is awaited (law 5).
                waiting.refusal = entered(outcome, &mut waiting.held).err();
            }
            ready!(waiting.held.aside.poll_adopted(cx));
            if let Some(refusal) = waiting.refusal.take() {
                return Poll::Ready(Err(refused(refusal, &mut waiting.held.aside).into()));
            }
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

/// Puts the resource where it will be exited from, or tells why there is none.
#[inline]
fn entered<R: LocalResource>(
    outcome: Outcome<Result<R, BoxError>, OutOfTime>,
    held: &mut Held<R>,
) -> Result<(), Refusal> {
    match outcome {
        Outcome::Done(Ok(resource)) => {
            held.put(resource);
            Ok(())
        }
        Outcome::Done(Err(error)) => Err(Refusal::Error(Error::failed(
            &held.entry,
            Phase::Enter,
            error,
        ))),
        Outcome::Panicked(panic) => Err(Refusal::Panic(panic)),
        Outcome::Stopped(OutOfTime) => {
            let budget = held.entry.policy.enter_budget();
            let error = Error::timed_out(&held.entry, Phase::Enter, budget, None);
            Err(Refusal::Error(error))
        }
    }
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
