//! [`InTask`]: a whole scope, from its first poll to its end: it belongs to the task that first polls it (laws 8–10), and to
//! the cancel scope in which that happens (law 13).
//!
//! Polled by another task it panics before anything is touched, so that the rightful task can go on, and wakes that: what is
//! around the scope may have ended by the panic. Dropped before its end, everything it abandons leaves as one group, inner exits
//! first (law 3).

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::leaving::Leaving;
use super::membership::{Kind, Membership};
use crate::base::identity::Checkpoint;

pin_project! {
    pub(crate) struct InTask<F> {
        #[pin]
        future: F,
        ended: bool,
        membership: Membership,
        // After the future: it passes on what the future's drop abandons.
        leaving: Leaving,
    }

    impl<F> PinnedDrop for InTask<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if !*this.ended {
                this.leaving.begin();
            }
        }
    }
}

impl<F> InTask<F> {
    #[inline]
    pub(crate) fn new(future: F, checkpoint: Checkpoint, kind: Kind) -> Self {
        let leaving = Leaving::new(checkpoint);
        InTask {
            future,
            ended: false,
            membership: Membership::new(kind),
            leaving,
        }
    }
}

impl<F: Future> Future for InTask<F> {
    type Output = F::Output;

    // With the attribute, an `.await` of this future is the caller, and the check can name its place.
    #[inline]
    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.leaving.checkpoint().pass(Location::caller());
        let polled = if this.membership.stays_outside() {
            this.future.poll(cx)
        } else {
            this.membership.poll(this.future, cx)
        };
        if polled.is_pending() {
            this.leaving.checkpoint().waits(cx.waker());
        }
        *this.ended = polled.is_ready();
        polled
    }
}
