//! How a run ends: one result of its scope, of the drain after it, and of what was only reported.

use std::panic::resume_unwind;

use crate::cancel_scope::Outcome;
use crate::error::{Error, ErrorKind};
use crate::failures::{Failure, Failures, Panic};
use crate::rescue::Drained;

/// What the scope of the lifespan returned. It says itself that it was cancelled, unless it never came to that.
pub(super) fn of_scope(outcome: Outcome<Result<(), Error>>) -> Result<(), Error> {
    match outcome {
        Outcome::Completed(result)
        | Outcome::CompletedAnyway(result, _)
        | Outcome::Cancelled(_, Some(result)) => result,
        Outcome::Cancelled(cancelled, None) => Err(cancelled.into()),
    }
}

/// Clean only if everything was. A panic resumes, and what failed beside it is reported.
pub(super) fn settle(
    ended: Result<Result<(), Error>, Panic>,
    drained: Drained,
    reported: Vec<Error>,
) -> Result<(), Error> {
    match ended {
        Err(panic) => {
            report(drained.into_failures());
            resume_unwind(panic)
        }
        Ok(result) => Error::first_of(failures(result, drained, reported)),
    }
}

fn failures(result: Result<(), Error>, drained: Drained, reported: Vec<Error>) -> Vec<Error> {
    let mut failures: Vec<_> = result.err().into_iter().collect();
    failures.extend(drained.into_failures());
    // A failure that was reported may be among them: inside of what is cancelled, failures are returned as well.
    let is_told = !failures.is_empty();
    let is_news = |error: &Error| {
        !is_told || matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Lost)
    };
    failures.extend(reported.into_iter().filter(is_news));
    failures
}

fn report(failures: Vec<Error>) {
    drop(
        failures
            .into_iter()
            .map(Failure::from)
            .collect::<Failures>(),
    );
}
