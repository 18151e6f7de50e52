//! [`run`]: a body and the way out of it: tell the exit how the body ended, run it, and decide what is returned
//! (laws 2, 23 and 24).

use std::any::Any;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::pin;

use super::body::Body;
use super::body_region::BodyRegion;
use super::code::{Always, Lazy};
use super::drive::End;
use super::exiting::exiting;
use super::held::{Held, Keep, take};
use super::limit::StopReason;
use super::side::{Adopted, Side, Undone};
use crate::base::cause::{Cause, Phase};
use crate::base::entry::Entry;
use crate::base::panic::{panic_text, rendered_by};
use crate::cancel::cancellation::Cancellation;
use crate::cancel::current;
use crate::error::{Error, ErrorKind};
use crate::event::failures::{self, Failures, Verdict, report_attached, report_untold, send};
use crate::resource::LocalResource;
use crate::resource::body::Failure;
use crate::resource::exit::{Exit, ForMembers, Reason};

/// What follows the body. No function: its future would store once more what it is given.
macro_rules! way_out {
    ($held:ident, $end:expr, $returned:expr) => {{
        let (resource, keep) = $held.open();
        let Keep { entry, runtime, side, .. } = keep;
        let mut returned = Returned::new($end, $returned, entry, side);
        Adopted { runtime, side }.await;
        let exit = returned.exit(side);
        exit.note(entry);
        exiting(take(resource), entry, &exit, side, keep.anchor.clone()).await;
        returned.settle(side)
    }};
}

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
        held.put_up_region();
        let (end, returned) = {
            let (resource, keep) = held.parts();
            let mut code = pin!(Lazy::<_, _, _, Always>::of(|| body(resource)));
            let end = Body::new(code.as_mut(), keep).await;
            (end, code.take())
        };
        way_out!(held, end, returned.map(result))
    }
}

/// The second half of [`run`], for a body that somebody else ran.
#[allow(clippy::manual_async_fn, reason = "as `run`")]
#[inline]
pub(crate) fn finish<R, T, E>(
    mut held: Held<R>,
    end: End,
    mut unpolled: Unpolled<T, E>,
) -> impl Future<Output = Result<T, E>>
where
    R: LocalResource,
    E: Failure,
{
    async move { way_out!(held, end, unpolled.returned.take()) }
}

/// As [`finish`], for a body that is not begun, since what is around it is cancelled.
pub(crate) fn finish_refused<R: LocalResource, T>(
    mut held: Held<R>,
    cancellation: Cancellation,
) -> impl Future<Output = Result<T, Error>> {
    let stopped = Undone::Stopped(StopReason::Cancelled(cancellation));
    held.keep.side.note(stopped);
    finish(held, End::Undone, Unpolled::of(None))
}

/// Exits a part of what exits: it is told what the whole was, and ends before that runs out of time.
#[allow(clippy::manual_async_fn, reason = "as `run`")]
pub(crate) fn finish_as<R: LocalResource>(
    mut held: Held<R>,
    whole: ForMembers,
) -> impl Future<Output = Result<(), Error>> {
    async move {
        let exit = whole.sooner().now(held.keep.entry.policy.exit());
        exit.note(&held.keep.entry);
        held.exit(&exit).await;
        let Keep { entry, side, .. } = &mut held.keep;
        settled(entry, side, None).map_or(Ok(()), Err)
    }
}

/// What a body returned, before its exit is polled. Dropped then, a failure is reported, if that is to be (law 23).
pub(crate) struct Unpolled<T, E: Failure> {
    returned: Option<Result<T, E>>,
    reported_as: Option<Entry>,
}

impl<T, E: Failure> Unpolled<T, E> {
    pub(crate) fn of(returned: Option<Result<T, E>>) -> Self {
        Unpolled { returned, reported_as: None }
    }

    /// For an exit that a user has in hand.
    pub(crate) fn reported_as(mut self, entry: &Entry) -> Self {
        if let Some(Err(_)) = self.returned {
            self.reported_as = Some(entry.clone());
        }
        self
    }
}

impl<T, E: Failure> Drop for Unpolled<T, E> {
    fn drop(&mut self) {
        if let (Some(failure), Some(entry)) = (carried(&mut self.returned), &self.reported_as) {
            untold(failure, entry, false);
        }
    }
}

/// What the body returned, while something still exits. Dropped meanwhile, a failure is reported (law 23).
struct Returned<'e, T, E: Failure> {
    /// None if the body did not end by itself.
    result: Option<Result<T, E>>,
    entry: &'e Entry,
    is_cancelled: bool,
}

impl<'e, T, E: Failure> Returned<'e, T, E> {
    #[inline]
    fn new(end: End, result: Option<Result<T, E>>, entry: &'e Entry, side: &mut Side) -> Self {
        if end == End::Undone || !side.is_nothing() {
            end_body(entry, side);
        }
        Returned { result, entry, is_cancelled: false }
    }

    /// What the exit is told.
    #[inline]
    fn exit(&mut self, side: &mut Side) -> Exit {
        exit_of(self.entry, side, carried(&mut self.result), &mut self.is_cancelled)
    }

    /// What the scope returns: what the body did, unless something went wrong beside it.
    #[inline]
    fn settle(mut self, side: &mut Side) -> Result<T, E> {
        let mut returned = self.result.take();
        if !side.is_nothing() {
            if let Some(error) = settled(self.entry, side, carried(&mut returned)) {
                return Err(error.into());
            }
        }
        match returned {
            Some(returned) => returned,
            None => unreachable!("a body that did not end by itself has failed"),
        }
    }
}

impl<T, E: Failure> Drop for Returned<'_, T, E> {
    #[inline]
    fn drop(&mut self) {
        if let Some(failure) = carried(&mut self.result) {
            untold(failure, self.entry, self.is_cancelled);
        }
    }
}

/// A body's failure, whatever its type.
trait Carrier {
    fn to_text(&self) -> String;

    /// As ours, if it is one: it carries others.
    fn as_error(&mut self) -> Option<&mut Error>;
}

impl<E: Failure> Carrier for E {
    fn to_text(&self) -> String {
        self.text()
    }

    fn as_error(&mut self) -> Option<&mut Error> {
        (self as &mut dyn Any).downcast_mut()
    }
}

#[inline]
fn carried<T, E: Failure>(returned: &mut Option<Result<T, E>>) -> Option<&mut dyn Carrier> {
    match returned {
        Some(Err(error)) => Some(error),
        Some(Ok(_)) | None => None,
    }
}

/// What there is to say of how the body ended stays set aside while its exit runs.
#[cold]
fn end_body(entry: &Entry, side: &mut Side) {
    // It ended by itself after all.
    drop(side.take_stop());
    match side.take_undone() {
        Some(Undone::Panicked(panic)) => {
            let failed = failures::OneFailure::panicked(entry.subject(), Phase::Body, panic);
            side.fail(failed.into());
        }
        Some(Undone::Stopped(StopReason::Cancelled(cancellation))) => {
            let region = side.region();
            if !region.is_some_and(|region| region.dropped_for(&cancellation)) {
                current::deliver();
            }
            side.cancel(cancellation);
        }
        Some(Undone::Failed(_) | Undone::Stopped(StopReason::OutOfTime)) => {
            unreachable!("a body returns its failure, and has no budget")
        }
        None => {}
    }
}

/// What the exit is told: why it runs, and what ended the body. It counts as cancelled if a cancellation was observed in it,
/// whatever it returned (law 15).
#[inline]
fn exit_of(entry: &Entry, side: &mut Side, failure: Option<&mut dyn Carrier>, is_cancelled: &mut bool) -> Exit {
    if side.ended_by_itself() {
        if let Some(cancellation) = observed(side) {
            side.cancel(cancellation);
        }
    }
    if failure.is_none() && side.is_nothing() {
        return Exit::new(Cause::Completed, entry.policy.exit());
    }
    *is_cancelled = side.cancelled().is_some();
    unclean_exit_of(entry, side, failure)
}

#[cold]
fn unclean_exit_of(entry: &Entry, side: &Side, failure: Option<&mut dyn Carrier>) -> Exit {
    let (cause, error): (_, Reason) = if let Some(cancellation) = side.cancelled() {
        (cancellation.cause(), cancellation.into())
    } else if let Some(panic) = side.failed().and_then(|failed| failed.panic()) {
        (Cause::Panicked, panic_text(panic).to_owned().into())
    } else if let Some(failure) = failure {
        (Cause::Failed, rendered_by(&|| failure.to_text()).into())
    } else {
        return Exit::new(Cause::Completed, entry.policy.exit());
    };
    Exit::new(cause, entry.policy.exit()).with_error(error)
}

/// Why the body was told to end before it ended by itself: what it used died, or something around it was cancelled.
#[inline]
fn observed(side: &mut Side) -> Option<Cancellation> {
    let died = side.region().and_then(BodyRegion::observed);
    died.or_else(current::delivered)
}

/// What the scope fails with, if not with what the body returned: its cancellation, or what its resource died of, or the first
/// failure of an exit, each with the rest attached; what cannot be carried is reported. A panic resumes.
#[cold]
fn settled(entry: &Entry, side: &mut Side, failure: Option<&mut dyn Carrier>) -> Option<Error> {
    let failures = side.take_failures();
    let death = side.region().and_then(BodyRegion::take_death);
    if let Some(panic) = side.take_failed().and_then(|failed| failed.deliver().panic) {
        drop(failures); // reported: the body's panic goes first
        resume_unwind(panic)
    }
    match (side.take_cancelled(), death, failure) {
        (Some(cancellation), Some(death), failure) => died(&cancellation, death, failure, failures),
        (Some(cancellation), None, None) => {
            let mut error = Error::cancelled(entry.subject(), Phase::Body, cancellation);
            attach(failures, &mut error);
            Some(error)
        }
        (_, _, Some(failure)) => {
            if let Some(error) = failure.as_error() {
                attach(failures, error);
            }
            None
        }
        (None, _, None) => match failures.verdict() {
            Verdict::Clean => None,
            Verdict::Failed(mut error) => {
                tell(&mut error);
                Some(error)
            }
            Verdict::Panicked(panicked) => panicked.resume(),
        },
    }
}

/// What a scope fails with whose resource has died, if not with the body's error, which says more than that (laws 21 and 23).
fn died(
    cancellation: &Cancellation,
    mut death: Error,
    returned: Option<&mut dyn Carrier>,
    failures: Failures,
) -> Option<Error> {
    let Some(returned) = returned else {
        attach(failures, &mut death);
        return Some(death);
    };
    match returned.as_error() {
        Some(echo) if echo.is_echo_of(cancellation) => {
            death.attach(echo.take_attached());
            attach(failures, &mut death);
            return Some(death);
        }
        Some(own) => attach(failures.after(death), own),
        None => drop(failures.after(death)), // reported: what it returned cannot carry them
    }
    None
}

/// The scope was dropped before it could return this. What a body fails with that was cancelled may only say so; if it is not
/// ours, it cannot be told.
#[cold]
fn untold(failure: &mut dyn Carrier, entry: &Entry, is_cancelled: bool) {
    if let Some(error) = failure.as_error() {
        report_untold(error);
    } else if !is_cancelled {
        let text = format!(
            "the scope was dropped before it could return what its body had failed with: {}",
            rendered_by(&|| failure.to_text())
        );
        let mut error = Error::new(entry, Phase::Body, ErrorKind::Interrupted, text.into());
        report_untold(&mut error);
    }
}

/// An exit failed after a body that completed. One that was cut short by the cancellation of this scope, as that of a group is
/// whose children it reaches, only tells of that, and the body around learns of it (law 15).
fn tell(error: &mut Error) {
    let Some(cancellation) = current::cancellation() else {
        return;
    };
    if error.is_echo_of(&cancellation) {
        current::deliver();
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
    if current::may_be_dropped() {
        failures.report();
    }
    failures.attach_to(error);
}
