//! [`Limit`]: what may ask user code to stop: a budget, a deadline, the cancel scope around it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;

use crate::base::budget::Budget;
use crate::base::cause::{Cause, Phase};
use crate::base::entry::Entry;
use crate::base::timer::Timer;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::current;
use crate::resource::exit::Exit;

/// Looks at user code each time it waits.
pub(crate) enum Limit<'a> {
    /// The cancel scope around it, and its budget.
    Enter { timer: Pin<&'a mut Timer>, entry: &'a Entry },
    /// The cancel scope around it. From its first wait on its scope can be dropped from outside, so the runtime that a rescue
    /// would need is remembered then: a body that never waits pays nothing.
    Body { runtime: &'a mut Option<Handle>, entry: &'a Entry },
    /// Its budget.
    Exit { timer: Pin<&'a mut Timer>, exit: &'a Exit, entry: &'a Entry },
    /// What may cancel a cancel scope beside its handles.
    Region(Pin<&'a mut (dyn Alarm + 'a)>),
}

/// What may cancel the cancel scope whose body is polled.
pub(crate) trait Alarm {
    /// To be called before the body is polled.
    fn begin_round(self: Pin<&mut Self>, cx: &mut Context<'_>);

    /// To be called after it.
    fn end_round(self: Pin<&mut Self>);

    fn poll_cancelled(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cancellation>;
}

/// Why user code was asked to stop.
pub(crate) enum StopReason {
    OutOfTime,
    Cancelled(Cancellation),
}

impl StopReason {
    /// What the exits of what is dropped with it are told.
    pub(crate) fn cause(&self) -> Cause {
        match self {
            StopReason::OutOfTime => Cause::TimedOut,
            StopReason::Cancelled(cancellation) => cancellation.cause(),
        }
    }
}

impl Limit<'_> {
    /// Whether there is nothing to look at.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self, Limit::Body { runtime: Some(_), .. }) && current::is_nowhere()
    }

    /// Says who waits here, for reports: what does not wait needs no name.
    pub(crate) fn name(&self) {
        match self {
            Limit::Enter { entry, .. } | Limit::Body { entry, .. } | Limit::Exit { entry, .. } => current::call(entry),
            // It has its name from the start.
            Limit::Region(_) => {}
        }
    }

    pub(crate) fn poll_stop(&mut self, cx: &mut Context<'_>) -> Poll<StopReason> {
        match self {
            Limit::Enter { timer, entry } => {
                current::call(entry);
                if let Some(cancellation) = current::cancellation() {
                    return Poll::Ready(StopReason::Cancelled(cancellation));
                }
                ready!(
                    timer
                        .as_mut()
                        .poll_reached(|| entry.policy.enter().map(Budget::deadline), cx)
                );
                current::out_of_time(Phase::Enter);
                Poll::Ready(StopReason::OutOfTime)
            }
            Limit::Body { runtime, entry } => {
                if runtime.is_none() {
                    current::call(entry);
                    **runtime = Handle::try_current().ok();
                }
                current::cancellation().map_or(Poll::Pending, |why| Poll::Ready(StopReason::Cancelled(why)))
            }
            Limit::Exit { timer, exit, entry } => {
                current::call(entry);
                ready!(timer.as_mut().poll_reached(|| exit.deadline(), cx));
                current::out_of_time(Phase::Exit);
                Poll::Ready(StopReason::OutOfTime)
            }
            Limit::Region(alarm) => alarm.as_mut().poll_cancelled(cx).map(StopReason::Cancelled),
        }
    }
}
