//! [`Driven`]: polls one piece of user code (an enter, a body, an exit) to its end, whatever that is.
//!
//! Its panics are caught and what it abandons is adopted, so that the code around it sees exactly one outcome. A [`Limit`]
//! may ask it to stop; [`Unwinding`] says when it may be dropped then.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::limit::{Limit, Stop};
use super::unwinding::Unwinding;
use crate::base::cause::Cause;
use crate::base::panic::Panic;
use crate::orphan::aside::Aside;
use crate::orphan::watch::{self, Watch};

/// How a piece of user code ended.
pub(crate) enum Outcome<T, S> {
    Done(T),
    Panicked(Panic),
    /// Its limit asked it to stop, and it was dropped.
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

pin_project! {
    // `S` is a parameter of its own: where the compiler has to prove a future `Send` it knows no lifetimes, and an
    // associated type of something with a lifetime would ask for a relation between two of them.
    pub(crate) struct Driven<F, L, S> {
        // Until it has ended.
        #[pin]
        code: Option<F>,
        #[pin]
        limit: L,
        unwinding: Unwinding<S>,
    }
}

impl<F, L, S> Driven<F, L, S> {
    #[inline]
    pub(crate) fn new(future: F, limit: L) -> Self {
        Driven {
            code: Some(future),
            limit,
            unwinding: Unwinding::new(),
        }
    }

    /// Whether the code is done with, whatever is still awaited.
    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        self.code.is_none()
    }

    #[inline]
    pub(crate) fn limit(self: Pin<&mut Self>) -> Pin<&mut L> {
        self.project().limit
    }

    /// Whether the code was asked to stop, and then ended by itself if it has, or panicked as it was dropped.
    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
        self.unwinding.has_begun()
    }

    /// Why the code was asked to stop, if it then ended by itself, or panicked as it was dropped.
    #[inline]
    pub(crate) fn take_stop(self: Pin<&mut Self>) -> Option<S> {
        self.project().unwinding.take_stop()
    }
}

impl<F: Future, L: Limit<Stop = S>, S: Stop> Driven<F, L, S> {
    /// Ready as soon as the code has ended. What it abandoned is still to be awaited, with its outcome in safe hands: an
    /// entered resource, the failure of an exit.
    #[inline]
    pub(crate) fn poll(
        mut self: Pin<&mut Self>,
        aside: &mut Aside,
        cx: &mut Context<'_>,
    ) -> Poll<Outcome<F::Output, S>> {
        aside.begin_round(cx);
        let watch = Watch::open();
        let panic = match self.as_mut().advance(cx) {
            Ok(Poll::Ready(value)) => {
                watch.close(|abandoned| aside.adopt(abandoned));
                return Poll::Ready(Outcome::Done(value));
            }
            Ok(Poll::Pending) => None,
            Err(panic) => Some(panic),
        };
        let outcome = self.poll_undone(panic, cx);
        watch.close(|abandoned| aside.adopt(abandoned));
        if outcome.is_pending() {
            aside.end_round(cx);
        }
        outcome
    }

    /// Polls the code once; drops it as soon as it is done, while its drop is still watched and its panic caught.
    #[inline]
    fn advance(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Result<Poll<F::Output>, Panic> {
        let mut code = self.project().code;
        catch_unwind(AssertUnwindSafe(|| {
            let polled = code.as_mut().as_pin_mut().map_or(Poll::Pending, |code| code.poll(cx));
            if polled.is_ready() {
                code.set(None);
            }
            polled
        }))
    }

    /// The code waits, unless it panicked: drops it if it must be dropped now.
    #[inline(never)]
    fn poll_undone<T>(mut self: Pin<&mut Self>, panic: Option<Panic>, cx: &mut Context<'_>) -> Poll<Outcome<T, S>> {
        if let Some(panic) = panic {
            // A second panic, from a destructor, has nothing to say that the first has not.
            self.discard(Cause::Abandoned);
            return Poll::Ready(Outcome::Panicked(panic));
        }
        let this = self.as_mut().project();
        let stop = ready!(this.unwinding.poll(this.limit, cx));
        let Some(panic) = self.as_mut().discard(stop.cause()) else {
            return Poll::Ready(Outcome::Stopped(stop));
        };
        self.project().unwinding.put_back(stop);
        Poll::Ready(Outcome::Panicked(panic))
    }

    #[cold]
    fn discard(self: Pin<&mut Self>, cause: Cause) -> Option<Panic> {
        let mut code = self.project().code;
        let drop = || watch::dropping_because(cause, || code.set(None));
        catch_unwind(AssertUnwindSafe(drop)).err()
    }

    /// As a future, with what is set aside in the hands of a scope.
    #[inline]
    pub(crate) fn with(self, aside: &mut Aside) -> With<'_, Self> {
        With { driven: self, aside }
    }
}

pin_project! {
    pub(crate) struct With<'a, D> {
        #[pin]
        driven: D,
        aside: &'a mut Aside,
    }
}

impl<F: Future, L: Limit<Stop = S>, S: Stop> Future for With<'_, Driven<F, L, S>> {
    type Output = Outcome<F::Output, S>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.driven.poll(this.aside, cx)
    }
}
