//! [`Limit`]: what may ask user code to stop: a budget, a deadline, the cancel scope around it.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use crate::base::cause::Cause;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::frame;

/// Looks at user code each time it waits; may ask it to stop.
pub(crate) trait Limit {
    /// Why it was asked to.
    type Stop: Stop;

    fn poll_stop(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Stop>;
}

/// Why user code was asked to stop.
pub(crate) trait Stop {
    /// What the exits of what is dropped with it are told.
    fn cause(&self) -> Cause;
}

impl Stop for Cancellation {
    fn cause(&self) -> Cause {
        Cancellation::cause(self)
    }
}

/// The limit of a body is the cancel scope around it, if there is one. When it first waits, its scope can be dropped from
/// outside from then on, so the runtime that a rescue would need is remembered; a body that never waits pays nothing.
pub(crate) struct Around<'a>(pub(crate) &'a mut Option<Handle>);

impl Limit for Around<'_> {
    type Stop = Cancellation;

    fn poll_stop(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Cancellation> {
        if self.0.is_none() {
            *self.0 = Handle::try_current().ok();
        }
        frame::cancellation().map_or(Poll::Pending, Poll::Ready)
    }
}
