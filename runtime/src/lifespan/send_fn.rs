//! [`SendFn`] and [`SendFn2`]: closures whose futures may move between threads.
//!
//! With `AsyncFnOnce` alone a closure's types are inferred, but the bound `Send` on its future cannot be written; with one of these
//! alone it is the other way round. So both are asked for.

use std::future::Future;

/// A closure with one argument, whose future may move between threads. What a closure of the caller's has to be is said by the
/// `AsyncFnOnce` beside this.
pub trait SendFn<A, O>: FnOnce(A) -> Self::Future {
    /// What the closure returns.
    type Future: Future<Output = O> + Send;
}

impl<A, O, F, Fut> SendFn<A, O> for F
where
    F: FnOnce(A) -> Fut,
    Fut: Future<Output = O> + Send,
{
    type Future = Fut;
}

/// As [`SendFn`], with two arguments.
pub trait SendFn2<A, B, O>: FnOnce(A, B) -> Self::Future {
    /// What the closure returns.
    type Future: Future<Output = O> + Send;
}

impl<A, B, O, F, Fut> SendFn2<A, B, O> for F
where
    F: FnOnce(A, B) -> Fut,
    Fut: Future<Output = O> + Send,
{
    type Future = Fut;
}
