//! [`InTask`]: a future that belongs to the task that first polls it (laws 8–10).
//!
//! Polled by another task it panics before anything is touched, so that the rightful task can go on. Dropped before its
//! end, everything it abandons leaves as one group, inner exits first (law 3).

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::abandon::{self, Watch};
use crate::identity::Checkpoint;

pin_project! {
    pub(crate) struct InTask<F> {
        #[pin]
        future: Option<F>,
        checkpoint: Checkpoint,
    }

    impl<F> PinnedDrop for InTask<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.future.is_some() {
                dropped(this.future, this.checkpoint);
            }
        }
    }
}

impl<F> InTask<F> {
    #[inline]
    pub(crate) fn new(future: F, checkpoint: Checkpoint) -> Self {
        InTask {
            future: Some(future),
            checkpoint,
        }
    }
}

impl<F: Future> Future for InTask<F> {
    type Output = F::Output;

    // With the attribute, an `.await` of this future is the caller, and the check can name its place.
    #[inline]
    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.checkpoint.pass(Location::caller());
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            panic!("scope polled after it ended")
        };
        let polled = future.poll(cx);
        if polled.is_ready() {
            this.future.set(None);
        }
        polled
    }
}

fn dropped<F>(mut future: Pin<&mut Option<F>>, checkpoint: &Checkpoint) {
    let watch = Watch::open();
    future.set(None);
    let mut jobs = watch.close();
    let stray = !checkpoint.is_here();
    jobs.iter_mut().for_each(|job| job.stray |= stray);
    abandon::pass_on(jobs);
}
