//! [`InTask`]: a whole scope, from its first poll to its end: it belongs to the task that first polls it (laws 8–10), and to
//! the cancel scope in which that happens (law 13).
//!
//! Polled by another task it panics before anything is touched, so that the rightful task can go on. Dropped before its
//! end, everything it abandons leaves as one group, inner exits first (law 3).

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::task::coop;

use crate::cancel::frame::{self, Place};
use crate::cancel::node::Node;
use crate::entry::Entry;
use crate::identity::Checkpoint;
use crate::watch::{self, Watch};

pin_project! {
    pub(crate) struct InTask<F> {
        #[pin]
        future: F,
        ended: bool,
        region: Region,
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

/// What a scope is to the cancel scope around it.
pub(crate) enum Kind {
    /// It enters: refused if all is cancelled already (law 14). With a budget it may be the root of what unwinds.
    Enter { has_budget: bool },
    /// It must come to its end: the exit of a guard.
    Exit,
    /// A cancel scope, with a node of its own from the start.
    Cancel(Arc<Node>),
}

impl Kind {
    #[inline]
    pub(crate) fn entering(entry: &Entry) -> Self {
        Kind::Enter {
            has_budget: entry.policy.enter().is_some(),
        }
    }
}

impl<F> InTask<F> {
    #[inline]
    pub(crate) fn new(future: F, checkpoint: Checkpoint, kind: Kind) -> Self {
        let leaving = Leaving {
            checkpoint,
            watch: None,
        };
        InTask {
            future,
            ended: false,
            region: Region::new(kind),
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
        let polled = if this.region.stays_outside() {
            this.future.poll(cx)
        } else {
            this.region.poll(this.future, cx)
        };
        *this.ended = polled.is_ready();
        polled
    }
}

/// The place of a scope in the tree of what can be cancelled.
struct Region {
    place: Place,
    /// Whether its first poll has found out where that is.
    joined: bool,
    /// Whether a cancelled scope refuses it (law 14).
    refusable: bool,
}

impl Region {
    #[inline]
    fn new(kind: Kind) -> Self {
        let refusable = matches!(kind, Kind::Enter { .. });
        let place = match kind {
            Kind::Cancel(node) => Place::at(node),
            Kind::Enter { has_budget: true } => Place::root(),
            Kind::Enter { has_budget: false } | Kind::Exit => Place::default(),
        };
        Region {
            place,
            joined: false,
            refusable,
        }
    }

    /// Whether it has no cancel scope, and there is none where it is polled: it then stays outside wherever it is polled
    /// later.
    #[inline]
    fn stays_outside(&mut self) -> bool {
        let is_here = self.place.is_here();
        self.joined |= is_here;
        is_here
    }

    /// Finds out where it runs.
    fn poll_join(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.joined {
            return Poll::Ready(());
        }
        if let Some(parent) = frame::parent() {
            // In a cancel scope a long chain of what never waits must not keep others, the canceller among them, from running.
            ready!(coop::poll_proceed(cx)).made_progress();
            let node = self.node().cloned().unwrap_or_else(|| Node::new(false));
            node.join(&parent, self.refusable);
            self.place = Place::at(node);
        }
        self.joined = true;
        Poll::Ready(())
    }

    /// Polls the scope at its place.
    fn poll<F: Future>(&mut self, future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        ready!(self.poll_join(cx));
        let was_cancelled = self.node().is_some_and(|node| node.is_cancelled());
        let polled = {
            let visit = Visit(self);
            let polled = {
                let _inside = visit.0.place.enter();
                future.poll(cx)
            };
            std::mem::forget(visit);
            polled
        };
        if polled.is_ready() {
            self.end();
        } else if let Some(node) = self.node() {
            node.set_waker(cx.waker());
            node.answer();
            // Cancelled after the body was looked at, and before there was a waker.
            if !was_cancelled && node.is_cancelled() {
                cx.waker().wake_by_ref();
            }
        }
        polled
    }

    fn node(&self) -> Option<&Arc<Node>> {
        self.place.node()
    }

    /// It is over: the cancellation it was told of reaches the body around it, if that is cancelled as well (law 15).
    fn end(&mut self) {
        if let Some(node) = self.node() {
            if let Some(parent) = node.parent().filter(|_| node.is_delivered()) {
                if parent.is_cancelled() {
                    parent.deliver();
                }
            }
            node.leave();
        }
    }
}

/// A poll under way: a panic ends the scope.
struct Visit<'a>(&'a mut Region);

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Drop for Region {
    #[inline]
    fn drop(&mut self) {
        if let Some(node) = self.node() {
            node.leave();
        }
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
        if self.watch.is_some() {
            self.pass_on();
        }
    }
}

impl Leaving {
    #[cold]
    fn pass_on(&mut self) {
        let Some(watch) = self.watch.take() else {
            return;
        };
        watch.close(|mut jobs| {
            let stray = !self.checkpoint.is_here();
            for job in &mut jobs {
                job.stray |= stray;
            }
            watch::pass_on(jobs);
        });
    }
}
