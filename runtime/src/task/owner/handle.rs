//! [`Handle`]: one of the handles of an owner, whatever kind of work that takes. The last one that is dropped asks for the end.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::call::{Answer, Call, answered};
use super::close_request::CloseRequest;
use super::inner::OwnerInner;
use crate::base::entry::Subject;
use crate::base::identity::Checkpoint;
use crate::base::panic::panic_text;
use crate::base::policy::Policy;
use crate::error::{Error, ErrorKind};
use crate::resource::body::Failure;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::resource::part;
use crate::scope::in_task::InTask;
use crate::scope::membership::Kind;

/// How far an owner has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OwnerState {
    /// The resource enters.
    Entering,
    /// The resource is there, and used.
    Live,
    /// It was closed, or failed: what runs unwinds, and the resource exits.
    Exiting,
    /// The resource is gone, and all went well.
    Exited,
    /// The resource is gone; it had failed, a call that panicked has ended it, or its exit has failed.
    Failed,
}

pub(super) struct Handle<L> {
    inner: Arc<OwnerInner<L>>,
    /// Tells the handles apart: each may be held by somebody who is to hear of a death.
    number: u64,
}

impl<L> Handle<L> {
    /// The first one.
    pub(super) fn new(inner: Arc<OwnerInner<L>>) -> Self {
        let number = inner.number();
        Handle { inner, number }
    }

    /// Has the task run this, and waits for what it returns.
    pub(super) fn call<T, E, O, W, B, U>(
        &self,
        work: W,
        sent: B,
        place: &'static Location<'static>,
        result: U,
    ) -> impl Future<Output = Result<T, E>> + use<'_, T, E, O, W, L, B, U>
    where
        E: Failure,
        W: Send + 'static,
        O: Send + 'static,
        B: FnOnce(Arc<Call<W, O>>) -> L,
        U: FnOnce(O) -> Result<T, E>,
    {
        let inner = &self.inner;
        let subject = Subject {
            place,
            ..inner.subject()
        };
        let call = Call::new(work, subject);
        let sent = sent(Arc::clone(&call));
        let call = InTask::new(
            answered(&inner.mailbox, sent, call, place),
            Checkpoint::open(),
            Kind::WAITING,
        );
        async move {
            if inner.is_here() {
                return Err(inner.would_wait_for_itself("with", place).into());
            }
            settle(call.await, inner, result)
        }
    }

    /// Has it end.
    pub(super) fn close(
        &self,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Result<(), Error>> + use<'_, L> {
        let inner = &self.inner;
        part::told_completed(inner.within, || inner.subject(), part::CLOSE);
        self.close_from(place)
    }

    /// As [`close`](Self::close), for what is made of owners.
    pub(super) fn close_from(
        &self,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Result<(), Error>> + use<'_, L> {
        self.close_with(CloseRequest::closed(place), place)
    }

    /// Has it end, as a part of what exits.
    pub(super) fn close_as(
        &self,
        exit: &Exit,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Result<(), Error>> + use<'_, L> {
        self.close_with(CloseRequest::of_scope(exit, place), place)
    }

    async fn close_with(&self, request: CloseRequest, place: &'static Location<'static>) -> Result<(), Error> {
        let inner = &self.inner;
        if inner.is_here() {
            inner.close(request);
            return Err(inner.would_wait_for_itself("close", place));
        }
        inner.closed_by(request).await.tell()
    }

    /// Waits for its end.
    pub(super) async fn closed(&self, place: &'static Location<'static>) -> Result<(), Error> {
        let inner = &self.inner;
        if inner.is_here() {
            return Err(inner.would_wait_for_itself("closed", place));
        }
        inner.mailbox.watch().ended().await.tell()
    }

    /// Has it end, for the scope that holds it.
    pub(super) async fn exit(self, exit: &Exit) -> Result<(), Error> {
        let inner = &self.inner;
        let is_clean = exit.is_clean();
        let request = CloseRequest::of_scope(exit, inner.place());
        if inner.is_here() {
            inner.close(request);
            return Err(inner.would_wait_for_itself("exit", inner.place()));
        }
        let ended = inner.closed_by(request).await;
        if inner.is_given.load(Ordering::Acquire) {
            ended.tell_scope(is_clean)
        } else {
            ended.untold().map_or(Ok(()), Err)
        }
    }

    pub(super) fn ask(&self, request: CloseRequest) {
        self.inner.close(request);
    }

    pub(super) fn ask_for(&self, exit: &Exit) {
        let place = self.inner.place();
        self.inner.close(CloseRequest::of_scope(exit, place));
    }

    pub(super) fn is_here(&self) -> bool {
        self.inner.is_here()
    }

    /// Tells those who hold it if it dies (law 21).
    pub(super) fn attach(&self, failing: &mut Failing<'_>) {
        self.inner.attach(self.number, failing.wire());
    }

    pub(super) fn policy(&self) -> Policy {
        self.inner.policy.clone()
    }

    pub(super) fn is_closed(&self) -> bool {
        !self.inner.mailbox.is_open()
    }

    pub(super) fn state(&self) -> OwnerState {
        let inner = &self.inner;
        match inner.mailbox.ended() {
            Some(ended) if ended.is_clean() => OwnerState::Exited,
            Some(_) => OwnerState::Failed,
            None if !inner.is_entered.load(Ordering::Acquire) => OwnerState::Entering,
            None if inner.mailbox.is_open() => OwnerState::Live,
            None => OwnerState::Exiting,
        }
    }
}

/// What the caller gets.
fn settle<L, O, T, E: Failure>(
    answer: Answer<O>,
    inner: &OwnerInner<L>,
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

impl<L> Clone for Handle<L> {
    fn clone(&self) -> Self {
        self.inner.mailbox.hold();
        Handle::new(Arc::clone(&self.inner))
    }
}

impl<L> Drop for Handle<L> {
    fn drop(&mut self) {
        self.inner.let_go(self.number);
    }
}

#[allow(clippy::missing_fields_in_debug, reason = "the number only tells handles apart")]
impl<L> fmt::Debug for Handle<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner")
            .field("resource", &self.inner.name())
            .field("state", &self.state())
            .finish()
    }
}
