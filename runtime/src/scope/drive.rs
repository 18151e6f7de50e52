//! [`drive`]: polls one piece of user code to its end, whatever that is.
//!
//! Its panics are caught and what it abandons is adopted, so that the scope around it sees exactly one [`End`]; what there is to
//! say about one that is not the code's own is set aside. A [`Limit`] may ask it to stop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::code::Code;
use super::limit::{Limit, StopReason};
use super::side::{Side, Undone};
use crate::base::cause::Cause;
use crate::base::panic::Panic;
use crate::cancel::children::Inside;
use crate::cancel::current;
use crate::error::BoxError;
use crate::orphan::collector::{self, Collector};
use crate::orphan::orphan_exit::OrphanExit;

/// How a piece of user code ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself; an enter or an exit with a success.
    Done,
    /// Else: [`Undone`] is set aside.
    Undone,
}

/// Ready as soon as the code has ended. What it abandoned is still to be awaited, and until then what it gave must be in safe hands:
/// an entered resource, the failure of an exit.
#[allow(
    clippy::inline_always,
    reason = "so that in release builds it is known which code it polls"
)]
#[inline(always)]
pub(crate) fn drive(
    mut code: Pin<&mut (dyn Code + '_)>,
    mut limit: Limit<'_>,
    side: &mut Side,
    cx: &mut Context<'_>,
) -> Poll<End> {
    side.begin_round(cx);
    let collector = Collector::open();
    let polled = match catch_unwind(AssertUnwindSafe(|| code.as_mut().poll(cx))) {
        Ok(Poll::Ready(ended)) => {
            collector.close(|abandoned| adopt(abandoned, &limit, side));
            return Poll::Ready(ended.map_or_else(|error| failed(error, side), |()| End::Done));
        }
        Ok(Poll::Pending) if limit.is_idle() && side.is_nothing() => Poll::Pending,
        Ok(Poll::Pending) => poll_waiting(code, &mut limit, side, cx),
        Err(panic) => panicked(code, panic, side),
    };
    collector.close(|abandoned| adopt(abandoned, &limit, side));
    if polled.is_pending() {
        side.end_round(cx);
    }
    polled
}

/// What is adopted may be waited for.
#[cold]
fn adopt(abandoned: Vec<OrphanExit>, limit: &Limit<'_>, side: &mut Side) {
    limit.name();
    side.adopt(abandoned);
}

/// The code waits: drops it if it must be dropped now.
#[inline(never)]
fn poll_waiting(
    code: Pin<&mut (dyn Code + '_)>,
    limit: &mut Limit<'_>,
    side: &mut Side,
    cx: &mut Context<'_>,
) -> Poll<End> {
    if !side.is_stopping() {
        let reason = ready!(limit.poll_stop(cx));
        if current::inside() == Inside::Nothing {
            return stopped(code, reason, side);
        }
        side.stop(reason);
    }
    let reason = ready!(side.poll_stopping(cx));
    stopped(code, reason, side)
}

#[cold]
fn failed(error: BoxError, side: &mut Side) -> End {
    side.note(Undone::Failed(error));
    End::Undone
}

#[cold]
fn stopped(code: Pin<&mut (dyn Code + '_)>, reason: StopReason, side: &mut Side) -> Poll<End> {
    match discard(code, reason.cause()) {
        None => side.note(Undone::Stopped(reason)),
        // Both are reported.
        Some(panic) => {
            side.stop(reason);
            side.note(Undone::Panicked(panic));
        }
    }
    Poll::Ready(End::Undone)
}

#[cold]
#[inline(never)]
fn panicked(code: Pin<&mut (dyn Code + '_)>, panic: Panic, side: &mut Side) -> Poll<End> {
    // A second panic, from a destructor, has nothing to say that the first has not.
    discard(code, Cause::Abandoned);
    side.note(Undone::Panicked(panic));
    Poll::Ready(End::Undone)
}

fn discard(code: Pin<&mut (dyn Code + '_)>, cause: Cause) -> Option<Panic> {
    let drop = || collector::dropping_because(cause, || code.discard());
    catch_unwind(AssertUnwindSafe(drop)).err()
}
