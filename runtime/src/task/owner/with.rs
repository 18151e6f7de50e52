//! A call of [`Owner::with`], from its closure to what the caller gets.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use super::call::{Answer, Answers, Letter, OwnerCall};
use super::inner::OwnerInner;
use super::mailbox::Mailbox;
use super::owned::Owner;
use crate::base::entry::Subject;
use crate::base::identity::Checkpoint;
use crate::base::panic::panic_text;
use crate::cancel::cancellation::{CancelKind, Cancellation};
use crate::cancel::current;
use crate::error::ErrorKind;
use crate::lifespan::kind::Kind;
use crate::resource::body::Failure;
use crate::scope::tie::{self, InTask};

impl<R, K: Kind> Owner<R, K> {
    /// Has the task run this, and waits for what it returns.
    pub(super) async fn call<T, E, O, W>(
        &self,
        work: W,
        sent: impl FnOnce(Arc<OwnerCall<W, O>>) -> Letter<R, K>,
        place: &'static Location<'static>,
        result: impl FnOnce(O) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: Failure,
        W: Send + 'static,
        O: Send + 'static,
    {
        let inner = self.inner();
        if inner.is_here() {
            return Err(inner.would_wait_for_itself("with", place).into());
        }
        let name = inner.name();
        let call = OwnerCall::new(work, Subject::new(name, place));
        let sent = sent(Arc::clone(&call));
        let call = answered(&self.mailbox, sent, call, place);
        let answer = InTask::new(call, Checkpoint::open(), tie::TieKind::WAITING).await;
        settle(answer, inner, result)
    }
}

/// What the caller gets.
fn settle<O, T, E: Failure>(
    answer: Answer<O>,
    inner: &OwnerInner,
    result: impl FnOnce(O) -> Result<T, E>,
) -> Result<T, E> {
    let error = match answer {
        Answer::Returned(value) => return result(value),
        // Told to end, it cannot look like a success (law 15).
        Answer::Cancelled(told, value) => match value.map(result) {
            Some(Err(error)) => return Err(error),
            _ => inner.cancelled(told),
        },
        Answer::Unbegun(cancellation) => inner.cancelled(cancellation),
        Answer::Panicked(panic) => inner.error(ErrorKind::Panicked, panic_text(&panic).to_owned()),
        Answer::Refused => inner.closed(),
    };
    Err(error.into())
}

/// Hands a call in, and waits for its answer.
async fn answered<L, O>(
    mailbox: &Mailbox<L>,
    sent: L,
    call: Arc<dyn Answers<O>>,
    place: &'static Location<'static>,
) -> Answer<O> {
    let mut caller = CallWaiter { call: &*call, place, has_submitted: false, is_over: false };
    let mut submitting = pin!(mailbox.submit(sent));
    let answer = poll_fn(|cx| caller.poll(submitting.as_mut(), cx)).await;
    caller.is_over = true;
    match &answer {
        Answer::Unbegun(_) => current::deliver(),
        // If it is the caller's own cancellation that the closure was told of, the caller is by this (law 15).
        Answer::Cancelled(..) => current::deliver_here(),
        Answer::Returned(_) | Answer::Panicked(_) | Answer::Refused => {}
    }
    answer
}

/// The caller, as long as it waits.
struct CallWaiter<'c, O> {
    call: &'c dyn Answers<O>,
    place: &'static Location<'static>,
    has_submitted: bool,
    is_over: bool,
}

impl<O> CallWaiter<'_, O> {
    fn poll(&mut self, submitting: Pin<&mut impl Future<Output = ()>>, cx: &mut Context<'_>) -> Poll<Answer<O>> {
        let cancellation = current::cancellation();
        if !self.has_submitted {
            if let Some(cancellation) = cancellation {
                self.call.cancel(&cancellation);
                return Poll::Ready(Answer::Unbegun(cancellation));
            }
            self.has_submitted = submitting.poll(cx).is_ready();
            if !self.has_submitted {
                return Poll::Pending;
            }
        }
        let answer = self.call.poll_answer(cx);
        match cancellation {
            Some(cancellation) if answer.is_pending() && !self.call.cancel(&cancellation) => {
                Poll::Ready(Answer::Unbegun(cancellation))
            }
            _ => answer,
        }
    }
}

impl<O> Drop for CallWaiter<'_, O> {
    fn drop(&mut self) {
        if !self.is_over {
            self.call.cancel(&Cancellation::new(CancelKind::CallerGone, self.place));
            self.call.leave();
        }
    }
}
