//! [`run`]: a body and the way out of it: tell the exit how the body ended, run it, and decide what is returned
//! (laws 2, 23 and 24).

use std::any::Any;
use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::driven::{Driven, Outcome, Root};
use super::held::Held;
use crate::aside::Aside;
use crate::body::Failure;
use crate::error::Error;
use crate::exit::{Cause, Exit};
use crate::failures::{Verdict, panic_text};
use crate::resource::LocalResource;

/// Runs the body and then, whatever became of it, the exit (law 2).
///
/// A block that owns `held` where it lies: the parameter of an `async fn` would be stored twice.
#[allow(clippy::manual_async_fn, reason = "see above")]
#[inline]
pub(crate) fn run<R, O, T, E, B>(
    mut held: Held<R>,
    body: B,
    result: impl FnOnce(O) -> Result<T, E>,
) -> impl Future<Output = Result<T, E>>
where
    R: LocalResource,
    B: AsyncFnOnce(&mut R) -> O,
    E: Failure,
{
    async move {
        let (resource, runtime, aside) = held.parts();
        let body = Driven::made_by(|| body(resource), Root(runtime));
        let outcome = body.with(aside).await.map(result);
        let exit = exit_after(&outcome, &held);
        held.exit(&exit).await;
        settle(outcome, &mut held.aside)
    }
}

/// The second half of [`run`], for a body that somebody else ran.
#[allow(clippy::manual_async_fn, reason = "as `run`")]
pub(crate) fn finish<R, T, E>(
    mut held: Held<R>,
    outcome: Outcome<Result<T, E>, Infallible>,
) -> impl Future<Output = Result<T, E>>
where
    R: LocalResource,
    E: Failure,
{
    async move {
        let exit = exit_after(&outcome, &held);
        held.exit(&exit).await;
        settle(outcome, &mut held.aside)
    }
}

/// What the exit of a body that ended like this is told.
#[inline]
fn exit_after<R: LocalResource, T, E: Display>(
    outcome: &Outcome<Result<T, E>, Infallible>,
    held: &Held<R>,
) -> Exit {
    let (cause, error) = cause(outcome);
    Exit::new(cause, error, held.entry.policy.exit_budget())
}

/// Why it runs, and the text of what ended the body.
#[inline]
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
    aside: &mut Aside,
) -> Result<T, E> {
    match outcome {
        Outcome::Done(Ok(value)) if aside.is_nothing() => Ok(value),
        Outcome::Done(Ok(value)) => match aside.take_failures().verdict() {
            Verdict::Clean => Ok(value),
            Verdict::Failed(error) => Err(error.into()),
            Verdict::Panicked(panic) => resume_unwind(panic),
        },
        Outcome::Done(Err(mut error)) => {
            if let Some(error) = (&mut error as &mut dyn Any).downcast_mut::<Error>() {
                aside.take_failures().attach_to(error);
            }
            Err(error)
        }
        Outcome::Panicked(panic) => {
            drop(aside.take_failures()); // reported: the body's panic goes first
            resume_unwind(panic)
        }
        Outcome::Stopped(never) => match never {},
    }
}
