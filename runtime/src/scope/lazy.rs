//! [`Lazy`]: a future that is made in its first poll, where the panic of what makes it is caught like one of its own.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    // What makes the future and the future share their memory, which an `async` block would not do.
    #[project = LazyProj]
    #[project_replace = LazyOwn]
    pub(crate) enum Lazy<M, F> {
        Unmade { make: M },
        // Or what makes it panicked.
        Making,
        Made { #[pin] future: F },
    }
}

impl<M: FnOnce() -> F, F> Lazy<M, F> {
    #[inline]
    pub(crate) fn new(make: M) -> Self {
        Lazy::Unmade { make }
    }
}

impl<M: FnOnce() -> F, F: Future> Future for Lazy<M, F> {
    type Output = F::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if let Lazy::Unmade { .. } = *self {
            if let LazyOwn::Unmade { make } = self.as_mut().project_replace(Lazy::Making) {
                self.set(Lazy::Made { future: make() });
            }
        }
        match self.project() {
            LazyProj::Made { future } => future.poll(cx),
            LazyProj::Unmade { .. } | LazyProj::Making => Poll::Pending,
        }
    }
}
