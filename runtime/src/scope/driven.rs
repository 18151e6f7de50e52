//! [`Driven`]: polls one piece of user code (an enter, a body, an exit) to its end, whatever that is.
//!
//! Its panics are caught and what it abandons is adopted and awaited before its end is told, so that the code around it
//! sees exactly one outcome. A [`Limit`] may ask it to stop; [`Unwinding`] says when it may be dropped then.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use super::unwinding::Unwinding;
use crate::aside::Aside;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::frame;
use crate::exit::Cause;
use crate::failures::Panic;
use crate::watch::{self, Watch};

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

pin_project! {
    pub(crate) struct Driven<M, F, L, T, S> {
        #[pin]
        code: Code<M, F, T, S>,
        #[pin]
        limit: L,
        unwinding: Unwinding<S>,
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

    #[inline]
    pub(crate) fn limit(self: Pin<&mut Self>) -> Pin<&mut L> {
        self.project().limit
    }

    /// Why the code was asked to stop, if it then ended by itself.
    #[inline]
    pub(crate) fn take_stop(self: Pin<&mut Self>) -> Option<S> {
        self.project().unwinding.take_stop()
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
            unwinding: Unwinding::new(),
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
            let outcome = watched(
                this.code.as_mut(),
                this.limit.as_mut(),
                this.unwinding,
                aside,
                cx,
            );
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
        let outcome = watched(this.code, this.limit, this.unwinding, aside, cx);
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

impl<F, L, T, S> Driven<fn() -> F, F, L, T, S> {
    #[inline]
    pub(crate) fn new(future: F, limit: L) -> Self {
        Driven {
            code: Code::Running { future },
            limit,
            unwinding: Unwinding::new(),
        }
    }
}

/// Polls the code once and adopts what it abandons meanwhile.
#[inline]
fn watched<M, F, L, T>(
    code: Pin<&mut Code<M, F, T, L::Stop>>,
    limit: Pin<&mut L>,
    unwinding: &mut Unwinding<L::Stop>,
    aside: &mut Aside,
    cx: &mut Context<'_>,
) -> Option<Outcome<T, L::Stop>>
where
    M: FnOnce() -> F,
    F: Future<Output = T>,
    L: Limit,
{
    let watch = Watch::open();
    let outcome = advance(code, limit, unwinding, cx);
    aside.adopt(watch.close());
    outcome
}

/// Polls the code once; drops it as soon as its outcome is known, while its drop is still watched.
#[inline]
fn advance<M, F, L, T>(
    mut code: Pin<&mut Code<M, F, T, L::Stop>>,
    limit: Pin<&mut L>,
    unwinding: &mut Unwinding<L::Stop>,
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
        Ok(Poll::Pending) => match unwinding.poll(limit, cx) {
            Poll::Pending => None,
            Poll::Ready(stop) => Some(
                code.discard(stop.cause())
                    .map_or(Outcome::Stopped(stop), Outcome::Panicked),
            ),
        },
        Err(panic) => {
            // A second panic, from a destructor, has nothing to say that the first has not.
            code.discard(Cause::Abandoned);
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
    fn discard(self: Pin<&mut Self>, cause: Cause) -> Option<Panic> {
        let drop = || watch::dropping_because(cause, || self.end(None));
        catch_unwind(AssertUnwindSafe(drop)).err()
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
