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
use crate::identity::checks_enabled;
use crate::report::{self, Report, ReportKind};
use crate::resource::LocalResource;
use crate::timer::{self, Driver, Timer};

type Budget = Option<Duration>;

pin_project! {
    #[project = StagedProj]
    pub(crate) enum Staged<F, R, N, B> {
        Entering {
            #[pin]
            entering: Driven<fn() -> F, F, Timer<Budget>, Result<R, BoxError>, OutOfTime>,
            start: Option<Start<N>>,
        },
        Running {
            #[pin]
            running: B,
        },
    }
}

/// What the enter is waited for with: its entry, and what to do then.
pub(crate) struct Start<N> {
    entry: Entry,
    next: N,
    checked: bool,
    aside: Aside,
}

impl<R, F: Future<Output = Result<R, BoxError>>, N, B> Staged<F, R, N, B> {
    pub(crate) fn new(enter: F, entry: Entry, next: N) -> Self {
        let entering = Driven::new(enter, Timer::new(entry.policy.enter_budget()));
        Staged::Entering {
            entering,
            start: Some(Start {
                entry,
                next,
                checked: false,
                aside: Aside::nothing(),
            }),
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
            let Some(started) = start else {
                panic!("scope polled after it ended")
            };
            if !started.checked {
                started.checked = true;
                check_timer(&started.entry)?;
            }
            let outcome = ready!(entering.poll(&mut started.aside, cx));
            let Some(Start {
                entry,
                next,
                mut aside,
                ..
            }) = start.take()
            else {
                unreachable!("it was there before the poll")
            };
            match entered(outcome, &entry) {
                Ok(resource) => {
                    let running = next(Held::new(resource, entry, aside));
                    self.as_mut().set(Staged::Running { running });
                }
                Err(mut error) => {
                    aside.take_failures().attach_to(&mut error);
                    return Poll::Ready(Err(error.into()));
                }
            }
        }
        match self.project() {
            StagedProj::Running { running } => running.poll(cx),
            StagedProj::Entering { .. } => {
                unreachable!("an enter that ended was replaced by what follows")
            }
        }
    }
}

/// The resource, or why there is none. A panic goes on: nothing was entered, so nothing has to exit before it.
#[inline]
fn entered<R, S>(outcome: Outcome<Result<R, BoxError>, S>, entry: &Entry) -> Result<R, Error> {
    match outcome {
        Outcome::Done(entered) => {
            entered.map_err(|error| Error::failed(entry, Phase::Enter, error))
        }
        Outcome::Panicked(panic) => resume_unwind(panic),
        Outcome::Stopped(_) => Err(Error::timed_out(
            entry,
            Phase::Enter,
            entry.policy.enter_budget(),
            None,
        )),
    }
}

/// A budget that somebody asked for is kept or refused, never ignored; that the default one is not kept is said once
/// per runtime, in builds with checks.
#[inline]
fn check_timer(entry: &Entry) -> Result<(), Error> {
    if entry.policy.asked_for().is_none() && !checks_enabled() {
        return Ok(());
    }
    probe_timer(entry)
}

fn probe_timer(entry: &Entry) -> Result<(), Error> {
    let Driver::Missing { news } = timer::driver() else {
        return Ok(());
    };
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
    if news && entry.policy.exit_budget().is_some() {
        let reason = "no tokio timer works here (`Builder::enable_time` turns it on), so no exit budget is kept";
        report::send(&Report::about(
            ReportKind::NoTimer,
            &entry.subject(),
            reason,
        ));
    }
    Ok(())
}
