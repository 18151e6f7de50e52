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

use crate::aside::Aside;
use crate::failures::Panic;
use crate::timer::{Deadline, Timer};
use crate::watch::Watch;

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
    pub(crate) struct Driven<M, F, L, T, S> {
        #[pin]
        code: Code<M, F, T, S>,
        #[pin]
        limit: L,
    }
}

pin_project! {
    // What makes the future and the future share their memory, and both run inside the `catch_unwind`.
    //
    // The outcome's types are parameters of their own: where the compiler has to prove a future `Send` it knows no
    // lifetimes, and `F::Output` of a resource with a lifetime would ask for a relation between two of them.
    #[project = CodeProj]
    enum Code<M, F, T, S> {
        Unbegun { make: Option<M> },
        Running { #[pin] future: F },
        // With its outcome while adopted exits are awaited.
        Ended { outcome: Option<Outcome<T, S>> },
    }
}

impl<M, F, L, T, S> Driven<M, F, L, T, S> {
    /// Whether the code is done with, whatever is still awaited.
    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.code, Code::Ended { .. })
    }
}

impl<M, F, L, T, S> Driven<M, F, L, T, S>
where
    M: FnOnce() -> F,
    F: Future<Output = T>,
    L: Limit<Stop = S>,
{
    /// Drives the future that `make` gives; a panic of `make` is one of its future.
    #[inline]
    pub(crate) fn made_by(make: M, limit: L) -> Self {
        let make = Some(make);
        Driven {
            code: Code::Unbegun { make },
            limit,
        }
    }

    /// Ready when the code has ended and what it abandoned, adopted by `aside`, has exited.
    #[inline]
    pub(crate) fn poll(
        self: Pin<&mut Self>,
        aside: &mut Aside,
        cx: &mut Context<'_>,
    ) -> Poll<Outcome<T, S>> {
        let mut this = self.project();
        if !matches!(*this.code, Code::Ended { .. }) {
            let outcome = watched(this.code.as_mut(), this.limit.as_mut(), aside, cx);
            if let Some(outcome) = outcome {
                if aside.is_nothing() {
                    return Poll::Ready(outcome);
                }
                this.code.as_mut().end(Some(outcome));
            }
        }
        if aside.poll_adopted(cx).is_ready() {
            this.code.take_outcome().map_or(Poll::Pending, Poll::Ready)
        } else {
            // Only the adopted exits may be waiting; the limit still learns that its scope does.
            let _ = this.limit.poll_stop(cx);
            Poll::Pending
        }
    }

    /// Ready as soon as the code has ended; what it abandoned is still to be awaited. For an outcome that must be in safe
    /// hands before anything else is awaited: an entered resource, the failure of an exit.
    #[inline]
    pub(crate) fn poll_code(
        self: Pin<&mut Self>,
        aside: &mut Aside,
        cx: &mut Context<'_>,
    ) -> Poll<Outcome<T, S>> {
        let this = self.project();
        let outcome = watched(this.code, this.limit, aside, cx);
        if outcome.is_none() {
            let _ = aside.poll_adopted(cx);
        }
        outcome.map_or(Poll::Pending, Poll::Ready)
    }

    /// As a future, with what is set aside in the hands of a scope.
    #[inline]
    pub(crate) fn with(self, aside: &mut Aside) -> With<'_, Self> {
        With {
            driven: self,
            aside,
        }
    }
}

impl<F: Future<Output = T>, L: Limit<Stop = S>, T, S> Driven<fn() -> F, F, L, T, S> {
    #[inline]
    pub(crate) fn new(future: F, limit: L) -> Self {
        Driven {
            code: Code::Running { future },
            limit,
        }
    }
}

/// Polls the code once and adopts what it abandons meanwhile.
#[inline]
fn watched<M, F, L, T>(
    code: Pin<&mut Code<M, F, T, L::Stop>>,
    limit: Pin<&mut L>,
    aside: &mut Aside,
    cx: &mut Context<'_>,
) -> Option<Outcome<T, L::Stop>>
where
    M: FnOnce() -> F,
    F: Future<Output = T>,
    L: Limit,
{
    let watch = Watch::open();
    let outcome = advance(code, limit, cx);
    aside.adopt(watch.close());
    outcome
}

/// Polls the code once; drops it as soon as its outcome is known, while its drop is still watched.
#[inline]
fn advance<M, F, L, T>(
    mut code: Pin<&mut Code<M, F, T, L::Stop>>,
    limit: Pin<&mut L>,
    cx: &mut Context<'_>,
) -> Option<Outcome<T, L::Stop>>
where
    M: FnOnce() -> F,
    F: Future<Output = T>,
    L: Limit,
{
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let polled = code.as_mut().poll(cx);
        if polled.is_ready() {
            code.as_mut().end(None);
        }
        polled
    }));
    match polled {
        Ok(Poll::Ready(value)) => Some(Outcome::Done(value)),
        Ok(Poll::Pending) => match limit.poll_stop(cx) {
            Poll::Pending => None,
            Poll::Ready(stop) => Some(
                code.discard()
                    .map_or(Outcome::Stopped(stop), Outcome::Panicked),
            ),
        },
        Err(panic) => {
            // A second panic, from a destructor, has nothing to say that the first has not.
            code.discard();
            Some(Outcome::Panicked(panic))
        }
    }
}

impl<M: FnOnce() -> F, F: Future<Output = T>, T, S> Code<M, F, T, S> {
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if let CodeProj::Unbegun { make } = self.as_mut().project() {
            if let Some(make) = make.take() {
                self.set(Code::Running { future: make() });
            }
        }
        match self.project() {
            CodeProj::Running { future } => future.poll(cx),
            _ => Poll::Pending,
        }
    }

    #[inline]
    fn end(mut self: Pin<&mut Self>, outcome: Option<Outcome<T, S>>) {
        self.set(Code::Ended { outcome });
    }

    fn take_outcome(self: Pin<&mut Self>) -> Option<Outcome<T, S>> {
        match self.project() {
            CodeProj::Ended { outcome } => outcome.take(),
            _ => None,
        }
    }

    #[cold]
    fn discard(self: Pin<&mut Self>) -> Option<Panic> {
        catch_unwind(AssertUnwindSafe(|| self.end(None))).err()
    }
}

pin_project! {
    pub(crate) struct With<'a, D> {
        #[pin]
        driven: D,
        aside: &'a mut Aside,
    }
}

impl<M, F, L, T, S> Future for With<'_, Driven<M, F, L, T, S>>
where
    M: FnOnce() -> F,
    F: Future<Output = T>,
    L: Limit<Stop = S>,
{
    type Output = Outcome<T, S>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.driven.poll(this.aside, cx)
    }
}
