//! [`Driven`]: polls one piece of user code (an enter, a body, an exit) to its end, whatever that is.
//!
//! Its panics are caught and what it abandons is adopted and awaited before its end is told, so that the code around it
//! sees exactly one outcome. A [`Limit`] may end it early.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use crate::abandon::Watch;
use crate::adopt::Adopted;
use crate::failures::{Failures, Panic};
use crate::timer::{Deadline, Timer};

/// How a piece of user code ended.
pub(crate) enum Outcome<T, S> {
    Done(T),
    Panicked(Panic),
    /// Its limit ended it.
    Stopped(S),
}

impl<T, S> Outcome<T, S> {
    #[inline]
    pub(crate) fn map<U>(self, done: impl FnOnce(T) -> U) -> Outcome<U, S> {
        match self {
            Outcome::Done(value) => Outcome::Done(done(value)),
            Outcome::Panicked(panic) => Outcome::Panicked(panic),
            Outcome::Stopped(stop) => Outcome::Stopped(stop),
        }
    }
}

/// Looks at user code each time it waits; may end it.
pub(crate) trait Limit {
    /// Why it was ended.
    type Stop;

    fn poll_stop(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Stop>;
}

/// The budget of an enter or exit has run out (law 6).
pub(crate) struct OutOfTime;

impl<D: Deadline> Limit for Timer<D> {
    type Stop = OutOfTime;

    fn poll_stop(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<OutOfTime> {
        self.poll_reached(cx).map(|()| OutOfTime)
    }
}

/// A body has no limit of its own (cancel scopes will be one). When it first waits, its scope can be dropped from
/// outside from then on, so the runtime that a rescue would need is remembered; a body that never waits pays nothing.
pub(crate) struct Root<'a>(pub(crate) &'a mut Option<Handle>);

impl Limit for Root<'_> {
    type Stop = Infallible;

    fn poll_stop(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Infallible> {
        if self.0.is_none() {
            *self.0 = Handle::try_current().ok();
        }
        Poll::Pending
    }
}

pin_project! {
    // The outcome's types are parameters of their own: where the compiler has to prove a future `Send` it knows no
    // lifetimes, and `F::Output` of a resource with a lifetime would ask for a relation between two of them.
    pub(crate) struct Driven<F, L, T, S> {
        // Before the future, so that what was adopted before comes before what the future's drop abandons.
        adopted: Adopted,
        #[pin]
        future: Option<F>,
        #[pin]
        limit: L,
        // Decided, while adopted exits are awaited.
        outcome: Option<Outcome<T, S>>,
    }
}

impl<F: Future<Output = T>, L: Limit<Stop = S>, T, S> Driven<F, L, T, S> {
    pub(crate) fn new(future: F, limit: L) -> Self {
        Driven {
            adopted: Adopted::none(),
            future: Some(future),
            limit,
            outcome: None,
        }
    }
}

impl<F: Future<Output = T>, L: Limit<Stop = S>, T, S> Future for Driven<F, L, T, S> {
    type Output = (Outcome<T, S>, Failures);

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.outcome.is_none() {
            let watch = Watch::open();
            *this.outcome = advance(this.future.as_mut(), this.limit.as_mut(), cx);
            this.adopted.adopt(watch.close());
        }
        if this.adopted.poll(cx).is_ready() {
            if let Some(outcome) = this.outcome.take() {
                return Poll::Ready((outcome, this.adopted.take_failures()));
            }
        } else if this.outcome.is_some() {
            // Only the adopted exits wait; the limit still learns that its scope does.
            let _ = this.limit.poll_stop(cx);
        }
        Poll::Pending
    }
}

/// Polls the future once; drops it as soon as its outcome is known, while its drop is still watched.
#[inline]
fn advance<F: Future, L: Limit>(
    mut future: Pin<&mut Option<F>>,
    limit: Pin<&mut L>,
    cx: &mut Context<'_>,
) -> Option<Outcome<F::Output, L::Stop>> {
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let polled = future.as_mut().as_pin_mut()?.poll(cx);
        if polled.is_ready() {
            future.set(None);
        }
        Some(polled)
    }));
    match polled {
        Ok(Some(Poll::Ready(value))) => Some(Outcome::Done(value)),
        Ok(_) => match limit.poll_stop(cx) {
            Poll::Pending => None,
            Poll::Ready(stop) => {
                Some(discard(future).map_or(Outcome::Stopped(stop), Outcome::Panicked))
            }
        },
        Err(panic) => {
            // A second panic, from a destructor, has nothing to say that the first has not.
            discard(future);
            Some(Outcome::Panicked(panic))
        }
    }
}

#[cold]
fn discard<F>(mut future: Pin<&mut Option<F>>) -> Option<Panic> {
    catch_unwind(AssertUnwindSafe(|| future.set(None))).err()
}
