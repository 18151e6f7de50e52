//! How a run ends: one result of its scope, of the drain after it, and of what was only reported.

use std::panic::resume_unwind;

use crate::cancel_scope::Outcome;
use crate::error::{Error, ErrorKind};
use crate::event::failures::{Failure, Failures};
use crate::event::undelivered::Undelivered;

/// What the scope of the lifespan returned. It says itself that it was cancelled, unless it never came to that.
pub(super) fn of_scope(outcome: Outcome<Result<(), Error>>) -> Result<(), Error> {
    match outcome {
        Outcome::Completed(result) | Outcome::CompletedAnyway(result, _) | Outcome::Cancelled(_, Some(result)) => {
            result
        }
        Outcome::Cancelled(cancelled, None) => Err(cancelled.into()),
    }
}

/// Clean only if everything was. A panic resumes, and what failed beside it is reported.
pub(super) fn settle(ended: Result<(), Undelivered>, drained: Failures, reported: Vec<Error>) -> Result<(), Error> {
    match ended.map_err(Undelivered::deliver) {
        Err(Failure { panic: Some(panic), .. }) => {
            drop(drained);
            resume_unwind(panic)
        }
        Err(Failure { error, .. }) => Error::first_of(failures(Some(error), drained, reported)),
        Ok(()) => Error::first_of(failures(None, drained, reported)),
    }
}

fn failures(failed: Option<Error>, mut drained: Failures, reported: Vec<Error>) -> Vec<Error> {
    let mut failures: Vec<_> = failed.into_iter().collect();
    failures.extend(drained.errors());
    // A failure that was reported may be among them: inside of what is cancelled, failures are returned as well.
    let is_told = !failures.is_empty();
    let is_news = |error: &Error| !is_told || matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Lost);
    failures.extend(reported.into_iter().filter(is_news));
    failures
}
