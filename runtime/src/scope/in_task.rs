//! [`InTask`]: a future that belongs to the task that first polls it (laws 8–10).
//!
//! Polled by another task it panics before anything is touched, so that the rightful task can go on. Dropped before its
//! end, everything it abandons leaves as one group, inner exits first (law 3).

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::identity::Checkpoint;
use crate::watch::{self, Watch};

pin_project! {
    pub(crate) struct InTask<F> {
        #[pin]
        future: F,
        ended: bool,
        // After the future: it passes on what the future's drop abandons.
        leaving: Leaving,
    }

    impl<F> PinnedDrop for InTask<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if !*this.ended {
                this.leaving.watch = Some(Watch::open());
            }
        }
    }
}

impl<F> InTask<F> {
    #[inline]
    pub(crate) fn new(future: F, checkpoint: Checkpoint) -> Self {
        let leaving = Leaving {
            checkpoint,
            watch: None,
        };
        InTask {
            future,
            ended: false,
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
        this.leaving.checkpoint.pass(Location::caller());
        let polled = this.future.poll(cx);
        *this.ended = polled.is_ready();
        polled
    }
}

/// Opened when the future is dropped before its end, and dropped right after it.
struct Leaving {
    checkpoint: Checkpoint,
    watch: Option<Watch>,
}

impl Drop for Leaving {
    #[inline]
    fn drop(&mut self) {
        if let Some(watch) = self.watch.take() {
            self.pass_on(watch);
        }
    }
}

impl Leaving {
    #[cold]
    fn pass_on(&self, watch: Watch) {
        if let Some(mut jobs) = watch.close() {
            let stray = !self.checkpoint.is_here();
            for job in &mut jobs {
                job.stray |= stray;
            }
            watch::pass_on(jobs);
        }
    }
}
