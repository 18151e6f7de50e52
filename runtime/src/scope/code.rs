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
    /// Polls it once. When it ends it is dropped at once, and what it gave is stored, but for the error of an enter or an exit.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>>;

    /// Drops it, or what it gave.
    fn discard(self: Pin<&mut Self>);
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

/// Which outputs of code are failures.
pub(crate) trait Success<O> {
    /// What is stored, and how it ended.
    fn split(output: O) -> (Option<O>, Result<(), BoxError>);
}

/// Of an enter or an exit.
pub(crate) enum Carried {}

/// Of a body: its scope looks at what it gave.
pub(crate) enum Always {}

impl<T> Success<Result<T, BoxError>> for Carried {
    #[inline]
    fn split(output: Result<T, BoxError>) -> (Option<Result<T, BoxError>>, Result<(), BoxError>) {
        match output {
            Err(error) => (None, Err(error)),
            success => (Some(success), Ok(())),
        }
    }
}

impl<O> Success<O> for Always {
    #[inline]
    fn split(output: O) -> (Option<O>, Result<(), BoxError>) {
        (Some(output), Ok(()))
    }
}

impl<M, F, O, S> Lazy<M, F, O, S> {
    #[inline]
    pub(crate) fn of(make: M) -> Self {
        Lazy::Unmade { make: Some(make), success: PhantomData }
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
    fn end(mut self: Pin<&mut Self>, output: O) -> Result<(), BoxError> {
        let (output, ended) = S::split(output);
        self.set(Lazy::Ended { output });
        ended
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
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
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
}
