//! How a run ends: one result of its scope, of the drain after it, and of what was only reported.

use std::any::Any;

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::{Panic, rendered_by};
use crate::cancel_scope::Outcome;
use crate::error::{Error, ErrorKind};
use crate::event::failures::{Failures, OneFailure, report_untold, untold};
use crate::event::undelivered::Undelivered;
use crate::resource::body;

/// What the scope of the lifespan returned. It says itself that it was cancelled, unless it never came to that.
pub(super) fn of_scope<T, E: body::Failure>(outcome: Outcome<Result<T, E>>) -> Result<T, E> {
    outcome
        .returned()
        .unwrap_or_else(|cancelled| Err(Error::from(cancelled).into()))
}

/// What the scope ended with, until all is drained. Dropped before that, a failure is reported (law 23).
pub(super) enum Ended<T, E: body::Failure> {
    Returned(Option<Result<T, E>>, Subject, Phase),
    Panicked(Option<Undelivered>),
}

impl<T, E: body::Failure> Ended<T, E> {
    pub(super) fn new(ended: Result<Result<T, E>, Panic>, subject: Subject, phase: Phase) -> Self {
        match ended {
            Ok(result) => Ended::Returned(Some(result), subject, phase),
            Err(panic) => Ended::Panicked(Some(OneFailure::panicked(subject, phase, panic).into())),
        }
    }

    /// Clean only if everything was. A panic resumes, and what failed beside it is reported.
    pub(super) fn settle(mut self, drained: Failures, reported: Vec<Error>) -> Result<T, E> {
        match &mut self {
            Ended::Panicked(panicked) => resume(panicked.take(), drained),
            Ended::Returned(result, ..) => match result.take() {
                Some(Ok(value)) => match Error::first_of(failures(false, drained, reported)) {
                    Ok(()) => Ok(value),
                    Err(error) => Err(error.into()),
                },
                Some(Err(mut error)) => {
                    attach(as_error(&mut error), drained, reported);
                    Err(error)
                }
                None => unreachable!("it is settled once"),
            },
        }
    }
}

impl<T, E: body::Failure> Drop for Ended<T, E> {
    fn drop(&mut self) {
        if let Ended::Returned(Some(Err(error)), subject, phase) = self {
            if let Some(error) = as_error(error) {
                return report_untold(error);
            }
            let text = rendered_by(&|| error.text()).into();
            untold(Error::of(subject.clone(), *phase, ErrorKind::Failed, text));
        }
    }
}

/// Whether it says no more than that the run was cancelled, as far as that can be seen.
pub(super) fn is_cancelled<E: body::Failure>(error: &E) -> bool {
    let error = (error as &dyn Any).downcast_ref::<Error>();
    error.is_none_or(|error| error.is_cancelled() && error.attached().is_empty())
}

fn as_error<E: body::Failure>(error: &mut E) -> Option<&mut Error> {
    (error as &mut dyn Any).downcast_mut()
}

fn resume(panicked: Option<Undelivered>, drained: Failures) -> ! {
    let panic = panicked.and_then(|panicked| panicked.deliver().panic);
    drop(drained);
    match panic {
        Some(panic) => std::panic::resume_unwind(panic),
        None => unreachable!("it is that of a panic"),
    }
}

/// An error of another type cannot carry them: those that were drained are reported, as the others were.
fn attach(error: Option<&mut Error>, drained: Failures, reported: Vec<Error>) {
    if let Some(error) = error {
        error.attach(failures(true, drained, reported));
    }
}

fn failures(has_failed: bool, mut drained: Failures, reported: Vec<Error>) -> Vec<Error> {
    let mut failures: Vec<_> = drained.errors().collect();
    // A failure that was reported may be among them: inside of what is cancelled, failures are returned as well.
    let is_told = has_failed || !failures.is_empty();
    let is_news = |error: &Error| !is_told || matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Lost);
    failures.extend(reported.into_iter().filter(is_news));
    failures
}
