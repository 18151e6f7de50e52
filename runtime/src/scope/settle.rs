//! [`finish`]: the way out of every body: tell the exit how the body ended, run it, and decide what is returned
//! (laws 2, 23 and 24).

use std::any::Any;
use std::convert::Infallible;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::driven::Outcome;
use super::held::Held;
use crate::body::Failure;
use crate::error::Error;
use crate::exit::Cause;
use crate::failures::{Failures, Verdict, panic_text};
use crate::resource::LocalResource;

/// Exits the resource after a body that ended with `outcome`; `failures` is what was adopted so far.
#[inline]
pub(crate) async fn finish<R, T, E>(
    held: Held<R>,
    mut failures: Failures,
    outcome: Outcome<Result<T, E>, Infallible>,
) -> Result<T, E>
where
    R: LocalResource,
    E: Failure,
{
    let (cause, error) = cause(&outcome);
    failures.append(held.exit(cause, error).await);
    settle(outcome, failures)
}

/// Why the exit of a body that ended like this runs, and the text of what ended it.
fn cause<T, E: Display>(outcome: &Outcome<Result<T, E>, Infallible>) -> (Cause, Option<String>) {
    match outcome {
        Outcome::Done(Ok(_)) => (Cause::Completed, None),
        Outcome::Done(Err(error)) => (Cause::Failed, Some(rendered(error))),
        Outcome::Panicked(panic) => (Cause::Panicked, Some(panic_text(panic).to_owned())),
        Outcome::Stopped(never) => match *never {},
    }
}

/// An error's text. Its `Display` is the user's: a panic in it must not cost the exit that is about to run.
#[cold]
fn rendered(error: &impl Display) -> String {
    catch_unwind(AssertUnwindSafe(|| error.to_string()))
        .unwrap_or_else(|_| "an error whose `Display` panics".to_owned())
}

/// What a scope returns: the body's error untouched, or the first failure of an exit, each with the rest attached; what
/// cannot be carried is reported. A panic resumes.
#[inline]
fn settle<T, E: Failure>(
    outcome: Outcome<Result<T, E>, Infallible>,
    failures: Failures,
) -> Result<T, E> {
    match outcome {
        Outcome::Done(Ok(value)) => match failures.verdict() {
            Verdict::Clean => Ok(value),
            Verdict::Failed(error) => Err(error.into()),
            Verdict::Panicked(panic) => resume_unwind(panic),
        },
        Outcome::Done(Err(mut error)) => {
            if let Some(error) = (&mut error as &mut dyn Any).downcast_mut::<Error>() {
                failures.attach_to(error);
            }
            Err(error)
        }
        Outcome::Panicked(panic) => {
            drop(failures); // reported: the body's panic goes first
            resume_unwind(panic)
        }
        Outcome::Stopped(never) => match never {},
    }
}
