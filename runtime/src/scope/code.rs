//! [`Code`]: a piece of user code (an enter, a body, an exit), polled through a reference that knows none of its types, so that
//! what decides about it is compiled once and not for each type. [`Lazy`] stores it.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::error::BoxError;

/// The reference lives for one poll, so that a scope is `Send` if the code is.
pub(crate) trait Code {
    /// Polls it once. When it ends it is dropped at once, and what it gave is stored. True if that is a success.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool>;

    /// Drops it, or what it gave.
    fn discard(self: Pin<&mut Self>);

    /// The error that an enter or an exit gave, if it gave one.
    fn take_error(self: Pin<&mut Self>) -> Option<BoxError>;
}

pin_project! {
    /// Code from before its first poll until after its end: what makes it, the future, what that gave. They share their memory,
    /// which they would not do in an `async` block. A panic of what makes the future is one of the code.
    #[project = LazyProj]
    pub(crate) enum Lazy<M, F, O, S> {
        Unmade { make: Option<M>, success: PhantomData<fn(S)> },
        Running { #[pin] future: F },
        Ended { output: Option<O> },
    }
}

/// Code that is a future already.
pub(crate) type Made<F, O, S> = Lazy<fn() -> F, F, O, S>;

/// Which outputs of code are successes, and which errors can be carried.
pub(crate) trait Success<O> {
    fn is(output: &O) -> bool;

    fn take_error(_: &mut Option<O>) -> Option<BoxError> {
        None
    }
}

/// Of an enter or an exit.
pub(crate) enum Carried {}

/// Of a body: its scope looks at what it gave.
pub(crate) enum Always {}

impl<T> Success<Result<T, BoxError>> for Carried {
    #[inline]
    fn is(output: &Result<T, BoxError>) -> bool {
        output.is_ok()
    }

    fn take_error(output: &mut Option<Result<T, BoxError>>) -> Option<BoxError> {
        output.take()?.err()
    }
}

impl<O> Success<O> for Always {
    #[inline]
    fn is(_: &O) -> bool {
        true
    }
}

impl<M, F, O, S> Lazy<M, F, O, S> {
    #[inline]
    pub(crate) fn of(make: M) -> Self {
        Lazy::Unmade {
            make: Some(make),
            success: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn made(future: F) -> Self {
        Lazy::Running { future }
    }

    /// What it gave, once it has ended.
    #[inline]
    pub(crate) fn take(self: Pin<&mut Self>) -> Option<O> {
        match self.project() {
            LazyProj::Ended { output } => output.take(),
            LazyProj::Unmade { .. } | LazyProj::Running { .. } => None,
        }
    }
}

// Not in `poll`: what is moved here is then not on the stack of what is polled inside.
impl<M, F, O, S> Lazy<M, F, O, S>
where
    M: FnOnce() -> F,
    S: Success<O>,
{
    #[inline]
    fn make(mut self: Pin<&mut Self>) {
        if let LazyProj::Unmade { make, .. } = self.as_mut().project() {
            if let Some(make) = make.take() {
                self.set(Lazy::Running { future: make() });
            }
        }
    }

    #[inline]
    fn end(mut self: Pin<&mut Self>, output: O) -> bool {
        let is_success = S::is(&output);
        self.set(Lazy::Ended { output: Some(output) });
        is_success
    }
}

impl<M, F, O, S> Code for Lazy<M, F, O, S>
where
    M: FnOnce() -> F,
    F: Future<Output = O>,
    S: Success<O>,
{
    #[allow(
        clippy::inline_always,
        reason = "in release builds it is known which code is polled, and the call costs most"
    )]
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        if let Lazy::Unmade { .. } = *self {
            self.as_mut().make();
        }
        let LazyProj::Running { future } = self.as_mut().project() else {
            return Poll::Pending;
        };
        let output = ready!(future.poll(cx));
        Poll::Ready(self.end(output))
    }

    fn discard(mut self: Pin<&mut Self>) {
        self.set(Lazy::Ended { output: None });
    }

    fn take_error(self: Pin<&mut Self>) -> Option<BoxError> {
        match self.project() {
            LazyProj::Ended { output } => S::take_error(output),
            LazyProj::Unmade { .. } | LazyProj::Running { .. } => None,
        }
    }
}
