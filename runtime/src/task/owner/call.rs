//! [`OwnerCall`]: one closure on its way to a resource: handed in by its caller, run once by the task of the owner, answered once.
//!
//! A caller that is cancelled has the closure unwind and waits for that, as if it ran in the caller's own task (law 13). One that is
//! dropped takes the closure back if it has not begun, else has it unwind too, and is not told. In both cases a closure that has not
//! begun never runs.

use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::life::Id;
use crate::base::lock::Lock;
use crate::base::panic::{Panic, panic_text};
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::cancel_scope::{Bell, Branch, RegionEnd};
use crate::event::failures::{Failures, OneFailure};
use crate::lifespan::kind::{Kind, Local, Sendable};
use crate::lifespan::send_fn::SendFn;

/// A closure `W` that returns an `O`.
pub(super) struct OwnerCall<W, O> {
    state: Lock<CallState<W, O>>,
    /// What the closure is called: as the owner, at the place of the call.
    subject: Subject,
}

struct CallState<W, O> {
    stage: CallStage<W, O>,
    caller: Option<Waker>,
}

enum CallStage<W, O> {
    Waiting(W),
    /// In this region.
    Running(Arc<Node>),
    Answered(Answer<O>),
    /// The caller has its answer, or has gone.
    Over,
}

/// What the caller is told.
pub(super) enum Answer<O> {
    Returned(O),
    /// It was cancelled while it ran, and learned of that, whatever it has returned then (law 15).
    Cancelled(Cancellation, Option<O>),
    Panicked(Panic),
    /// The owner is closed; it did not begin.
    Refused,
    /// The caller was cancelled before it began (law 14).
    Unbegun(Cancellation),
}

/// What the owner is told.
pub(super) enum Ran {
    Done,
    /// Cancelled, it has unwound.
    Unwound,
    Panicked(String),
}

impl<W, O> OwnerCall<W, O> {
    pub(super) fn new(work: W, subject: Subject) -> Arc<Self> {
        Arc::new(OwnerCall {
            state: Lock::new(CallState { stage: CallStage::Waiting(work), caller: None }),
            subject,
        })
    }

    /// The closure begins in this region. None if its caller has taken it back.
    fn begin(&self, region: &Arc<Node>) -> Option<W> {
        let mut state = self.state.lock();
        let CallStage::Waiting(_) = &state.stage else {
            return None;
        };
        match mem::replace(&mut state.stage, CallStage::Running(Arc::clone(region))) {
            CallStage::Waiting(work) => Some(work),
            _ => None,
        }
    }

    /// Tells the caller, unless it was told before or has gone: gives what is left of the call then, to be dropped without the lock.
    fn tell(&self, answer: Answer<O>) -> CallStage<W, O> {
        let mut state = self.state.lock();
        if let CallStage::Answered(_) | CallStage::Over = state.stage {
            return CallStage::Answered(answer);
        }
        let old = mem::replace(&mut state.stage, CallStage::Answered(answer));
        let caller = state.caller.take();
        drop(state);
        if let Some(caller) = caller {
            caller.wake();
        }
        old
    }

    /// What no caller is told is dropped, as with any future that is; but a panic is reported.
    fn discard(&self, rest: CallStage<W, O>) {
        let panic = match rest {
            CallStage::Answered(Answer::Panicked(panic)) => panic,
            // A value whose destructor panics is no matter of the owner's.
            rest => match catch_unwind(AssertUnwindSafe(|| drop(rest))) {
                Ok(()) => return,
                Err(panic) => panic,
            },
        };
        drop(Failures::from_iter([OneFailure::panicked(
            self.subject.clone(),
            Phase::Body,
            panic,
        )]));
    }

    /// Runs the closure in this region, and tells the caller.
    async fn run<F: Future<Output = O>>(&self, make: impl FnOnce(W) -> F, region: &Arc<Node>) -> Ran {
        let Some(work) = self.begin(region) else {
            return Ran::Done;
        };
        let outcome = Branch::new(Arc::clone(region), Bell::none(), async { make(work).await }).await;
        let told = region.cancellation().filter(|_| region.is_delivered());
        let (ran, answer) = match (outcome, told) {
            (RegionEnd::Done(value), None) => (Ran::Done, Answer::Returned(value)),
            (RegionEnd::Done(value), Some(told)) => (Ran::Unwound, Answer::Cancelled(told, Some(value))),
            (RegionEnd::Stopped(told), _) => (Ran::Unwound, Answer::Cancelled(told, None)),
            (RegionEnd::Panicked(panic), _) => (Ran::Panicked(panic_text(&panic).to_owned()), Answer::Panicked(panic)),
        };
        match self.tell(answer) {
            CallStage::Running(_) => {}
            rest => self.discard(rest),
        }
        ran
    }
}

/// A call as its caller sees it, whatever the closure is.
pub(super) trait Answers<O>: Send + Sync {
    fn poll_answer(&self, cx: &mut Context<'_>) -> Poll<Answer<O>>;

    /// Has the closure unwind, or takes it back if it has not begun. Whether it has begun.
    fn cancel(&self, why: &Cancellation) -> bool;

    /// The caller has gone.
    fn leave(&self);
}

impl<W: Send, O: Send> Answers<O> for OwnerCall<W, O> {
    fn poll_answer(&self, cx: &mut Context<'_>) -> Poll<Answer<O>> {
        let mut state = self.state.lock();
        if let CallStage::Answered(_) = state.stage {
            if let CallStage::Answered(answer) = mem::replace(&mut state.stage, CallStage::Over) {
                return Poll::Ready(answer);
            }
        }
        let old = state.caller.replace(cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }

    fn cancel(&self, why: &Cancellation) -> bool {
        let mut state = self.state.lock();
        let old = match &state.stage {
            CallStage::Waiting(_) => mem::replace(&mut state.stage, CallStage::Over),
            CallStage::Running(region) => CallStage::Running(Arc::clone(region)),
            CallStage::Answered(_) | CallStage::Over => return true,
        };
        drop(state);
        let CallStage::Running(region) = old else {
            return false; // the closure is dropped here
        };
        region.cancel(why);
        true
    }

    fn leave(&self) {
        let old = {
            let mut state = self.state.lock();
            (mem::replace(&mut state.stage, CallStage::Over), state.caller.take())
        };
        self.discard(old.0);
    }
}

/// A call, whatever its closure is; the resource is in the task that runs it.
pub(super) trait OwnerWork<R, K: Kind>: Queued {
    /// Runs the closure in this region.
    fn run<'r>(&'r self, resource: &'r mut R, region: &'r Arc<Node>) -> K::Boxed<'r, Ran>;
}

/// A call that waits for its turn.
pub(super) trait Queued: Send + Sync {
    fn subject(&self) -> &Subject;

    /// The owner has closed, or its task was dropped: what has no answer yet is refused.
    fn refuse(&self);
}

impl<W: Send, O: Send> Queued for OwnerCall<W, O> {
    fn subject(&self) -> &Subject {
        &self.subject
    }

    fn refuse(&self) {
        let rest = self.tell(Answer::Refused);
        self.discard(rest);
    }
}

impl<R, W, O> OwnerWork<R, Sendable> for OwnerCall<W, O>
where
    W: for<'r> SendFn<&'r mut R, O> + Send,
    R: Send,
    O: Send,
{
    fn run<'r>(&'r self, resource: &'r mut R, region: &'r Arc<Node>) -> Pin<Box<dyn Future<Output = Ran> + Send + 'r>> {
        Box::pin(OwnerCall::run(self, move |work| work(resource), region))
    }
}

impl<R, W, O> OwnerWork<R, Local<'static>> for OwnerCall<W, O>
where
    W: AsyncFnOnce(&mut R) -> O + Send,
    O: Send,
{
    fn run<'r>(&'r self, resource: &'r mut R, region: &'r Arc<Node>) -> Pin<Box<dyn Future<Output = Ran> + 'r>> {
        Box::pin(OwnerCall::run(self, move |work| work(resource), region))
    }
}

/// A call in the queue, whatever its closure is. One that is dropped before it has run is refused; none when it has run.
pub(super) struct Letter<R, K: Kind>(Option<Arc<dyn OwnerWork<R, K>>>);

impl<R, K: Kind> Letter<R, K> {
    pub(super) fn new(call: Arc<dyn OwnerWork<R, K>>) -> Self {
        Letter(Some(call))
    }

    /// A region for it, in the memory of one that has ended.
    pub(super) fn region(&self, ended: Option<Arc<Node>>, around: Option<Id>) -> Option<Arc<Node>> {
        let call = self.0.as_ref()?;
        Some(Node::renewed(ended, call.subject().clone(), around))
    }

    pub(super) async fn run(&mut self, resource: &mut R, region: &Arc<Node>) -> Ran {
        let Some(call) = &self.0 else { return Ran::Done };
        let ran = call.run(resource, region).await;
        self.0 = None;
        ran
    }
}

impl<R, K: Kind> Drop for Letter<R, K> {
    fn drop(&mut self) {
        if let Some(call) = &self.0 {
            call.refuse();
        }
    }
}
