//! A call of [`Owner::with`], from its closure to what the caller gets.

use std::panic::Location;
use std::sync::Arc;

use super::call::{Answer, Call, answered};
use super::inner::OwnerInner;
use super::owned::Owner;
use super::work::Letter;
use crate::base::entry::Subject;
use crate::base::identity::Checkpoint;
use crate::base::panic::panic_text;
use crate::error::ErrorKind;
use crate::lifespan::kind::Kind;
use crate::resource::body::Failure;
use crate::scope::tie::{self, InTask};

impl<R, K: Kind> Owner<R, K> {
    /// Has the task run this, and waits for what it returns.
    pub(super) async fn call<T, E, O, W>(
        &self,
        work: W,
        sent: impl FnOnce(Arc<Call<W, O>>) -> Letter<R, K>,
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
        let call = Call::new(work, Subject::new(name, place));
        let sent = sent(Arc::clone(&call));
        let call = answered(&self.mailbox, sent, call, place);
        let answer = InTask::new(call, Checkpoint::open(), tie::Kind::WAITING).await;
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
