//! [`Work`]: one closure on its way to a resource, and what becomes of it.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::panic_text;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::cancel_scope::{Alarm, Branch};
use crate::lifespan::{BoxFuture, LocalBoxFuture};
use crate::report::failures::Failure;
use crate::report::{self, Report};
use crate::scope::driven::Outcome;
use crate::scope::lazy::Lazy;

/// A closure whose future may move between threads; as [`ExitFn`](crate::lifespan::foreign::ExitFn).
#[doc(hidden)]
pub trait WorkFn<A, O>: FnOnce(A) -> Self::Future {
    /// What the closure returns.
    type Future: Future<Output = O> + Send;
}

impl<A, O, F, Fut> WorkFn<A, O> for F
where
    F: FnOnce(A) -> Fut,
    Fut: Future<Output = O> + Send,
{
    type Future = Fut;
}

/// What the caller hears of it.
pub(super) type Reply<O> = Outcome<O, Cancellation>;

/// What its owner hears of it.
pub(super) enum Ran {
    Done,
    /// Told to end, it has unwound.
    Unwound,
    Panicked(String),
}

/// Work of any kind for an `R`; it may be run in another thread.
pub(super) type Job<R> = Box<dyn Work<R> + Send>;

/// Work of any kind for an `R` that stays in its thread.
pub(super) type JobLocal<R> = Box<dyn WorkLocal<R> + Send>;

pub(super) trait Work<R> {
    fn run(self: Box<Self>, resource: &mut R) -> BoxFuture<'_, Ran>;
}

pub(super) trait WorkLocal<R> {
    fn run(self: Box<Self>, resource: &mut R) -> LocalBoxFuture<'_, Ran>;
}

/// A closure, and who waits for what it returns.
pub(super) struct Sent<W, O> {
    pub(super) work: W,
    /// The cancel scope it runs in.
    pub(super) node: Arc<Node>,
    pub(super) reply: oneshot::Sender<Reply<O>>,
    pub(super) subject: Subject,
}

impl<R, W, O> Work<R> for Sent<W, O>
where
    W: for<'r> WorkFn<&'r mut R, O> + Send + 'static,
    R: Send,
    O: Send + 'static,
{
    fn run(self: Box<Self>, resource: &mut R) -> BoxFuture<'_, Ran> {
        let Sent {
            work,
            node,
            reply,
            subject,
        } = *self;
        Box::pin(perform(move || work(resource), node, reply, subject))
    }
}

impl<R, W, O> WorkLocal<R> for Sent<W, O>
where
    W: AsyncFnOnce(&mut R) -> O + 'static,
    O: 'static,
{
    fn run(self: Box<Self>, resource: &mut R) -> LocalBoxFuture<'_, Ran> {
        let Sent {
            work,
            node,
            reply,
            subject,
        } = *self;
        Box::pin(perform(move || work(resource), node, reply, subject))
    }
}

/// Runs it in its cancel scope, and tells whoever waits. What its caller does not hear, since there is none any more, is dropped,
/// as that of any future that is; but a panic is reported.
async fn perform<F: Future>(
    make: impl FnOnce() -> F,
    node: Arc<Node>,
    reply: oneshot::Sender<Reply<F::Output>>,
    subject: Subject,
) -> Ran {
    if reply.is_closed() {
        return Ran::Done; // its caller has gone before it began
    }
    let outcome = Branch::new(Arc::clone(&node), Alarm::none(), Lazy::new(make)).await;
    let ran = match &outcome {
        Outcome::Panicked(panic) => Ran::Panicked(panic_text(panic).to_owned()),
        // Whatever it has made of that (law 15).
        Outcome::Stopped(_) => Ran::Unwound,
        Outcome::Done(_) if node.is_delivered() => Ran::Unwound,
        Outcome::Done(_) => Ran::Done,
    };
    let unheard = reply.send(outcome).err();
    let panic = match unheard {
        Some(Outcome::Panicked(panic)) => Some(panic),
        // A value whose destructor panics is no matter of the owner's either.
        unheard => catch_unwind(AssertUnwindSafe(|| drop(unheard))).err(),
    };
    if let Some(panic) = panic {
        let failure = Failure::panicked(subject, Phase::Body, panic);
        report::send(&Report::failed(&failure.error));
    }
    ran
}
