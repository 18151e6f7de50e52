//! [`Body`]: a body under way: what its enter left to do comes before it, and a resource that fails meanwhile ends it (law 21).

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::body_region::BodyRegion;
use super::code::Code;
use super::drive::{End, drive};
use super::held::Keep;
use super::limit::{Limit, StopReason};
use super::side::Undone;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::current;

/// Ready when the body has ended. What it abandoned is still to be awaited.
pub(crate) struct Body<'a, C> {
    code: Pin<&'a mut C>,
    keep: &'a mut Keep,
    has_begun: bool,
}

impl<'a, C: Code> Body<'a, C> {
    #[inline]
    pub(crate) fn new(code: Pin<&'a mut C>, keep: &'a mut Keep) -> Self {
        Body { code, keep, has_begun: false }
    }
}

impl<C: Code> Future for Body<'_, C> {
    type Output = End;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        let Body { code, keep, has_begun } = &mut *self;
        keep.poll_body(code.as_mut(), has_begun, cx)
    }
}

impl Keep {
    #[inline]
    fn poll_body(&mut self, code: Pin<&mut (dyn Code + '_)>, has_begun: &mut bool, cx: &mut Context<'_>) -> Poll<End> {
        if !*has_begun {
            ready!(self.side.poll_adopted_on(&mut self.runtime, cx));
            *has_begun = true;
            // Entered in the very poll of the cancellation (law 17).
            if let Some(cancellation) = current::cancellation() {
                return self.refused(cancellation);
            }
        }
        if self.side.region().is_some() {
            return self.poll_in_region(code, cx);
        }
        let Keep { entry, runtime, side, .. } = self;
        drive(code, Limit::Body { runtime, entry }, side, cx)
    }

    /// In its region, it does not run if the resource has died by now.
    #[cold]
    fn poll_in_region(&mut self, code: Pin<&mut (dyn Code + '_)>, cx: &mut Context<'_>) -> Poll<End> {
        let Some(mut tie) = self.side.region().and_then(BodyRegion::take_tie) else {
            return Poll::Pending;
        };
        if let Some(cancellation) = tie.refused() {
            return self.refused(cancellation);
        }
        let mut polled = Poll::Pending;
        if let Poll::Ready(visit) = tie.begin(Location::caller(), cx) {
            let Keep { entry, runtime, side, .. } = &mut *self;
            polled = drive(code, Limit::Body { runtime, entry }, side, cx);
            visit.end(polled.is_ready(), cx);
        }
        if let Some(region) = self.side.region() {
            region.put_tie(tie);
        }
        polled
    }

    #[cold]
    fn refused(&mut self, cancellation: Cancellation) -> Poll<End> {
        self.side.note(Undone::Stopped(StopReason::Cancelled(cancellation)));
        Poll::Ready(End::Undone)
    }
}
