//! [`run`]: a body and the way out of it: tell the exit how the body ended, run it, and decide what is returned
//! (laws 2, 23 and 24).

use std::any::Any;
use std::fmt::Display;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::driven::{Around, Driven, Outcome};
use super::held::Held;
use super::lazy::Lazy;
use crate::body::Failure;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::frame;
use crate::error::{Error, Phase};
use crate::exit::{Cause, Exit};
use crate::failures::{Failures, Verdict, panic_text};
use crate::report::{self, Report};
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
        let outcome = match frame::cancellation() {
            // Entered in the very poll of the cancellation (law 17).
            Some(cancellation) => Outcome::Stopped(cancellation),
            None => {
                let body = Lazy::new(|| body(resource));
                let body = Driven::new(body, Around(runtime));
                body.with(aside).await.map(result)
            }
        };
        if !held.aside.is_nothing() {
            held.adopted().await;
        }
        let cancelled = cancelled(&outcome);
        let exit = exit_after(&outcome, cancelled.as_ref(), &held);
        held.exit(&exit).await;
        settle(outcome, cancelled, &mut held)
    }
}

/// The second half of [`run`], for a body that somebody else ran.
#[allow(clippy::manual_async_fn, reason = "as `run`")]
pub(crate) fn finish<R, T, E>(
    mut held: Held<R>,
    outcome: Outcome<Result<T, E>, Cancellation>,
) -> impl Future<Output = Result<T, E>>
where
    R: LocalResource,
    E: Failure,
{
    async move {
        let cancelled = cancelled(&outcome);
        let exit = exit_after(&outcome, cancelled.as_ref(), &held);
        held.exit(&exit).await;
        settle(outcome, cancelled, &mut held)
    }
}

/// The cancellation that a body was dropped for, or that was delivered to it: it then counts as cancelled, whatever it
/// returned (law 15).
#[inline]
fn cancelled<T>(outcome: &Outcome<T, Cancellation>) -> Option<Cancellation> {
    match outcome {
        Outcome::Done(_) => frame::delivered(),
        Outcome::Panicked(_) => None,
        Outcome::Stopped(cancellation) => {
            frame::deliver();
            Some(cancellation.clone())
        }
    }
}

/// What the exit of a body that ended like this is told: why it runs, and the text of what ended the body.
#[inline]
fn exit_after<R: LocalResource, T, E: Display>(
    outcome: &Outcome<Result<T, E>, Cancellation>,
    cancelled: Option<&Cancellation>,
    held: &Held<R>,
) -> Exit {
    let budget = held.entry.policy.exit();
    let (cause, error) = match (outcome, cancelled) {
        (Outcome::Done(Ok(_)), None) => return Exit::new(Cause::Completed, budget),
        (_, Some(cancellation)) | (Outcome::Stopped(cancellation), None) => {
            (cancellation.cause(), rendered(cancellation))
        }
        (Outcome::Done(Err(error)), None) => (Cause::Failed, rendered(error)),
        (Outcome::Panicked(panic), None) => (Cause::Panicked, panic_text(panic).to_owned()),
    };
    Exit::new(cause, budget).with_error(error)
}

/// An error's text. Its `Display` is the user's: a panic in it must not cost the exit that is about to run.
#[cold]
fn rendered(error: &impl Display) -> String {
    catch_unwind(AssertUnwindSafe(|| error.to_string()))
        .unwrap_or_else(|_| "an error whose `Display` panics".to_owned())
}

/// What a scope returns: the body's error untouched, or its cancellation, or the first failure of an exit, each with the
/// rest attached; what cannot be carried is reported. A panic resumes.
#[inline]
fn settle<R: LocalResource, T, E: Failure>(
    outcome: Outcome<Result<T, E>, Cancellation>,
    cancelled: Option<Cancellation>,
    held: &mut Held<R>,
) -> Result<T, E> {
    match outcome {
        Outcome::Done(Ok(value)) if cancelled.is_none() && held.aside.is_nothing() => Ok(value),
        outcome => settle_failed(outcome, cancelled, held),
    }
}

#[cold]
fn settle_failed<R: LocalResource, T, E: Failure>(
    outcome: Outcome<Result<T, E>, Cancellation>,
    cancelled: Option<Cancellation>,
    held: &mut Held<R>,
) -> Result<T, E> {
    let failures = held.aside.take_failures();
    match outcome {
        Outcome::Done(Err(mut error)) => {
            if let Some(error) = (&mut error as &mut dyn Any).downcast_mut::<Error>() {
                attach(failures, error);
            }
            Err(error)
        }
        Outcome::Panicked(panic) => {
            drop(failures); // reported: the body's panic goes first
            resume_unwind(panic)
        }
        Outcome::Done(Ok(value)) => match cancelled {
            Some(cancellation) => Err(cancellation_error(held, cancellation, failures).into()),
            None => match failures.verdict() {
                Verdict::Clean => Ok(value),
                Verdict::Failed(error) => {
                    if may_be_dropped() {
                        report::send(&Report::failed(&error));
                    }
                    Err(error.into())
                }
                Verdict::Panicked(panic) => resume_unwind(panic),
            },
        },
        Outcome::Stopped(cancellation) => {
            Err(cancellation_error(held, cancellation, failures).into())
        }
    }
}

fn cancellation_error<R: LocalResource>(
    held: &Held<R>,
    cancellation: Cancellation,
    failures: Failures,
) -> Error {
    let mut error = Error::cancelled(&held.entry, Phase::Body, cancellation);
    attach(failures, &mut error);
    error
}

fn attach(failures: Failures, error: &mut Error) {
    if may_be_dropped() {
        failures.report();
    }
    failures.attach_to(error);
}

/// A cancel scope may drop what its body returns, and a race does: what failed in it is reported as well (law 16).
fn may_be_dropped() -> bool {
    frame::cancellation().is_some()
}
