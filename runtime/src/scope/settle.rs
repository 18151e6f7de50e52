//! [`run`]: a body and the way out of it: tell the exit how the body ended, run it, and decide what is returned
//! (laws 2, 23 and 24).

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;

use super::driven::{Driven, Outcome};
use super::ending::exiting;
use super::fence::{behind, put_up};
use super::held::Held;
use super::lazy::Lazy;
use super::limit::Around;
use crate::base::budget::Budget;
use crate::base::cause::Cause;
use crate::base::cause::Phase;
use crate::base::entry::Entry;
use crate::base::panic::{Panic, panic_text, rendered_by};
use crate::cancel::cancellation::Cancellation;
use crate::cancel::frame;
use crate::error::{Error, ErrorKind};
use crate::orphan::aside::Aside;
use crate::report::failures::{self, Failures, Verdict, report_attached, send, untold};
use crate::resource::LocalResource;
use crate::resource::body::Failure;
use crate::resource::exit::{Exit, ForMembers, Reason};
use crate::resource::fence::Fence;

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
        let outcome = if let Some(cancellation) = frame::cancellation() {
            // Entered in the very poll of the cancellation (law 17).
            Outcome::Stopped(cancellation)
        } else {
            let node = put_up(&mut held);
            let (resource, runtime, aside) = held.parts();
            let body = Lazy::new(|| body(resource));
            let body = Driven::new(body, Around(runtime)).with(aside);
            match node {
                None => body.await,
                Some(node) => behind(node, body).await,
            }
            .map(result)
        };
        let ended = if held.aside.is_nothing() {
            Ended::of(outcome, &mut held.aside)
        } else {
            adopting(&mut held, outcome).await
        };
        let ended = ended.told(&mut held.aside);
        let exit = ended.exit(held.entry.policy.exit());
        exit.note(&held.entry);
        let (resource, anchor) = held.leave();
        let unreturned = Unreturned::new(ended, &held.entry);
        exiting(resource, &held.entry, &exit, &mut held.aside, anchor).await;
        unreturned.back().settle(&mut held)
    }
}

/// Awaits what the body abandoned.
#[cold]
async fn adopting<R, T, E>(held: &mut Held<R>, outcome: Outcome<Result<T, E>, Cancellation>) -> Ended<T, E>
where
    R: LocalResource,
    E: Failure,
{
    let ended = Ended::of(outcome, &mut held.aside);
    held.remember_runtime();
    let unreturned = Unreturned::new(ended, &held.entry);
    let aside = &mut held.aside;
    poll_fn(|cx| aside.poll_adopted(cx)).await;
    unreturned.back()
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
        let ended = Ended::of(outcome, &mut held.aside).told(&mut held.aside);
        let exit = ended.exit(held.entry.policy.exit());
        exit.note(&held.entry);
        let (resource, anchor) = held.leave();
        let unreturned = Unreturned::new(ended, &held.entry);
        exiting(resource, &held.entry, &exit, &mut held.aside, anchor).await;
        unreturned.back().settle(&mut held)
    }
}

/// As [`finish`], for a part of what exits: it is told what the whole was, and ends before that runs out of time.
#[allow(clippy::manual_async_fn, reason = "as `run`")]
pub(crate) fn finish_as<R: LocalResource>(
    mut held: Held<R>,
    whole: ForMembers,
) -> impl Future<Output = Result<(), Error>> {
    async move {
        let exit = whole.sooner().now(held.entry.policy.exit());
        exit.note(&held.entry);
        held.exit(&exit).await;
        Ended::Completed(()).settle(&mut held)
    }
}

/// How a body ended.
enum Ended<T, E> {
    Completed(T),
    Failed(E),
    Panicked(Panic),
    /// It was dropped for a cancellation, or one was delivered to it: it then counts as cancelled, whatever it returned
    /// (law 15). What it used may have died: the fence around it knows (law 21).
    Cancelled(Cancellation, Option<Result<T, E>>),
}

impl<T, E: Failure> Ended<T, E> {
    #[inline]
    fn of(outcome: Outcome<Result<T, E>, Cancellation>, aside: &mut Aside) -> Self {
        match outcome {
            Outcome::Done(Ok(value)) => Ended::Completed(value),
            Outcome::Done(Err(error)) => Ended::Failed(error),
            Outcome::Panicked(panic) => Ended::Panicked(panic),
            Outcome::Stopped(cancellation) => Ended::dropped(cancellation, aside),
        }
    }

    /// With what it was told by then.
    #[inline]
    fn told(self, aside: &mut Aside) -> Self {
        let (Ended::Completed(_) | Ended::Failed(_)) = &self else {
            return self;
        };
        match (told(aside), self) {
            (Some(cancellation), Ended::Completed(value)) => Ended::Cancelled(cancellation, Some(Ok(value))),
            (Some(cancellation), Ended::Failed(error)) => Ended::Cancelled(cancellation, Some(Err(error))),
            (_, ended) => ended,
        }
    }

    #[cold]
    fn dropped(cancellation: Cancellation, aside: &mut Aside) -> Self {
        let is_death = aside.fence().is_some_and(|fence| fence.dropped_for(&cancellation));
        if !is_death {
            frame::deliver();
        }
        Ended::Cancelled(cancellation, None)
    }

    /// What the exit is told: why it runs, and what ended the body.
    #[inline]
    fn exit(&self, budget: Option<Budget>) -> Exit {
        let (cause, error): (_, Reason) = match self {
            Ended::Completed(_) => return Exit::new(Cause::Completed, budget),
            Ended::Failed(error) => (Cause::Failed, rendered_by(|| error.text()).into()),
            Ended::Panicked(panic) => (Cause::Panicked, panic_text(panic).to_owned().into()),
            Ended::Cancelled(cancellation, _) => (cancellation.cause(), cancellation.into()),
        };
        Exit::new(cause, budget).with_error(error)
    }

    /// What the scope returns: the body's error untouched, or its cancellation, or what its resource died of, or the first
    /// failure of an exit, each with the rest attached; what cannot be carried is reported. A panic resumes.
    #[inline]
    fn settle<R: LocalResource>(self, held: &mut Held<R>) -> Result<T, E> {
        match self {
            Ended::Completed(value) if held.aside.is_nothing() => Ok(value),
            ended => ended.settle_failed(held),
        }
    }

    #[cold]
    fn settle_failed<R: LocalResource>(self, held: &mut Held<R>) -> Result<T, E> {
        let failures = held.aside.take_failures();
        let death = held.aside.fence().and_then(Fence::take_death);
        match (self, death) {
            (Ended::Cancelled(cancellation, returned), Some(death)) => {
                let returned = returned.and_then(Result::err);
                Err(died(&cancellation, death, returned, failures))
            }
            (Ended::Failed(mut error) | Ended::Cancelled(_, Some(Err(mut error))), _) => {
                if let Some(error) = as_error(&mut error) {
                    attach(failures, error);
                }
                Err(error)
            }
            (Ended::Panicked(panic), _) => {
                drop(failures); // reported: the body's panic goes first
                resume_unwind(panic)
            }
            (Ended::Cancelled(cancellation, _), _) => {
                let mut error = Error::cancelled(&held.entry, Phase::Body, cancellation);
                attach(failures, &mut error);
                Err(error.into())
            }
            (Ended::Completed(value), _) => match failures.verdict() {
                Verdict::Clean => Ok(value),
                Verdict::Failed(mut error) => {
                    tell(&mut error);
                    Err(error.into())
                }
                Verdict::Panicked(panicked) => panicked.resume(),
            },
        }
    }
}

impl<T, E: Failure> Ended<T, E> {
    /// Its scope was dropped before it could return this: what fails is reported.
    #[cold]
    fn untold(self, entry: &Entry) {
        match self {
            Ended::Failed(error) => untold(unreturned(error, entry)),
            // An error of another type may only tell of the cancellation.
            Ended::Cancelled(_, Some(Err(error))) => {
                if let Ok(error) = into_error(error) {
                    untold(error);
                }
            }
            Ended::Panicked(panic) => {
                let failure = failures::Failure::panicked(entry.subject(), Phase::Body, panic);
                untold(failure.error);
            }
            Ended::Completed(_) | Ended::Cancelled(..) => {}
        }
    }
}

/// What the body ended with, while something still exits. Dropped meanwhile, it is reported.
struct Unreturned<'e, T, E: Failure> {
    ended: Option<Ended<T, E>>,
    entry: &'e Entry,
}

impl<'e, T, E: Failure> Unreturned<'e, T, E> {
    #[inline]
    fn new(ended: Ended<T, E>, entry: &'e Entry) -> Self {
        let ended = Some(ended);
        Unreturned { ended, entry }
    }

    #[inline]
    fn back(mut self) -> Ended<T, E> {
        match self.ended.take() {
            Some(ended) => ended,
            None => unreachable!("it is there until it is given back"),
        }
    }
}

impl<T, E: Failure> Drop for Unreturned<'_, T, E> {
    #[inline]
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            ended.untold(self.entry);
        }
    }
}

/// Why the body was told to end before it ended by itself: what it used died, or something around it was cancelled.
#[inline]
fn told(aside: &mut Aside) -> Option<Cancellation> {
    let died = aside.fence().and_then(Fence::told);
    died.or_else(frame::delivered)
}

/// What a scope fails with whose resource has died: the body's error, if it says more than that, else the death (laws 21
/// and 23).
fn died<E: Failure>(cancellation: &Cancellation, mut death: Error, returned: Option<E>, failures: Failures) -> E {
    let Some(mut returned) = returned else {
        attach(failures, &mut death);
        return death.into();
    };
    match as_error(&mut returned) {
        Some(echo) if echo.is_echo_of(cancellation) => {
            death.attach(echo.take_attached());
            attach(failures, &mut death);
            return death.into();
        }
        Some(own) => attach(failures.after(death), own),
        None => drop(failures.after(death)), // reported: what it returned cannot carry them
    }
    returned
}

/// A body's error, for the report hook.
fn unreturned<E: Failure>(error: E, entry: &Entry) -> Error {
    into_error(error).unwrap_or_else(|error| {
        let text = format!(
            "the scope was dropped before it could return what its body had failed with: {}",
            rendered_by(|| error.text())
        );
        let kind = ErrorKind::Interrupted;
        Error::new(entry, Phase::Body, kind, text.into())
    })
}

/// A body's error by value as ours, if it is one.
fn into_error<E: Failure>(error: E) -> Result<Error, E> {
    let mut error = Some(error);
    let ours = (&mut error as &mut dyn Any).downcast_mut::<Option<Error>>();
    match ours.and_then(Option::take) {
        Some(ours) => Ok(ours),
        None => error.map_or_else(|| unreachable!("it is of another type"), Err),
    }
}

/// A body's error as ours, if it is one.
fn as_error<E: Failure>(error: &mut E) -> Option<&mut Error> {
    (error as &mut dyn Any).downcast_mut()
}

/// An exit failed after a body that completed. One that was cut short by the cancellation of this scope, as that of a group is
/// whose children it reaches, only tells of that, and the body around learns of it (law 15).
fn tell(error: &mut Error) {
    let Some(cancellation) = frame::cancellation() else {
        return;
    };
    if error.is_echo_of(&cancellation) {
        frame::deliver();
        report_attached(error);
    } else {
        send(error);
    }
}

/// A cancel scope may drop what its body returns, and a race does: what failed in it is reported as well (laws 16 and 23).
fn attach(mut failures: Failures, error: &mut Error) {
    if failures.is_empty() {
        return;
    }
    if frame::may_be_dropped() {
        failures.report();
    }
    failures.attach_to(error);
}
