//! [`OwnerHandle`]: one of the handles of an owner, whatever the resource is. The last one that is dropped asks for the end.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::close_request::CloseRequest;
use super::end::OwnerEnd;
use super::inner::OwnerInner;
use crate::base::policy::Policy;
use crate::error::{BoxError, Error};
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;

/// How far an owner has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OwnerState {
    /// The resource enters.
    Entering,
    /// The resource is there, and used.
    Live,
    /// It was closed, or failed: what runs unwinds, or may end if it is to [finish](crate::Owner::finish), and the resource exits.
    Exiting,
    /// The resource is gone, and all went well.
    Exited,
    /// The resource is gone; it had failed, a call that panicked has ended it, or its exit has failed.
    Failed,
}

pub(super) struct OwnerHandle {
    inner: Arc<OwnerInner>,
    /// Tells the handles apart: each may be held by somebody who is to learn of a death.
    number: u64,
}

impl OwnerHandle {
    /// The first one.
    pub(super) fn new(inner: Arc<OwnerInner>) -> Self {
        let number = inner.number();
        OwnerHandle { inner, number }
    }

    pub(super) fn inner(&self) -> &OwnerInner {
        &self.inner
    }

    /// Its end, for which it is asked if there is a request; in its own task, which would wait for itself, it is only asked.
    async fn end(
        &self,
        request: Option<CloseRequest>,
        what: &str,
        place: &'static Location<'static>,
    ) -> Result<OwnerEnd, Error> {
        if self.inner.is_here() {
            if let Some(request) = request {
                self.inner.close(request);
            }
            return Err(self.inner.would_wait_for_itself(what, place));
        }
        Ok(self.inner.ended(request).await)
    }

    /// Waits for its end, for which it is asked if there is a request.
    pub(super) async fn closed(
        &self,
        request: Option<CloseRequest>,
        place: &'static Location<'static>,
    ) -> Result<(), Error> {
        let what = match &request {
            None => "closed",
            Some(request) if request.runs_calls_first => "finish",
            Some(_) => "close",
        };
        self.end(request, what, place).await?.tell()
    }

    /// Has it end, for the scope that holds it.
    pub(super) async fn exit(self, exit: &Exit) -> Result<(), Error> {
        let (is_clean, place) = (exit.is_clean(), self.inner.place());
        let request = CloseRequest::of_scope(exit, place);
        let end = self.end(Some(request), "exit", place).await?;
        if self.inner.is_given.load(Ordering::Acquire) {
            end.tell_scope(is_clean)
        } else {
            end.untold().map_or(Ok(()), Err)
        }
    }

    pub(super) fn state(&self) -> OwnerState {
        let inner = &self.inner;
        match inner.has_ended() {
            Some(end) if end.is_clean() => OwnerState::Exited,
            Some(_) => OwnerState::Failed,
            None if !inner.is_entered.load(Ordering::Acquire) => OwnerState::Entering,
            None if !inner.is_closed() => OwnerState::Live,
            None => OwnerState::Exiting,
        }
    }
}

impl ScopedResource for OwnerHandle {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        Ok(OwnerHandle::exit(self, exit).await?)
    }

    fn __goes_on(&self) -> bool {
        true
    }

    fn __exits_elsewhere(&self) -> bool {
        true
    }

    fn __own_policy(&self) -> Policy {
        self.inner.policy.clone()
    }

    /// Those who hold it are told if it dies (law 21).
    fn __failure(&self, failing: &mut Failing<'_>) {
        self.inner.source.attach(self.number, &failing.wire());
    }
}

impl Clone for OwnerHandle {
    fn clone(&self) -> Self {
        OwnerHandle { number: self.inner.hold(), inner: Arc::clone(&self.inner) }
    }
}

impl Drop for OwnerHandle {
    fn drop(&mut self) {
        self.inner.let_go(self.number);
    }
}

#[allow(clippy::missing_fields_in_debug, reason = "the number only tells handles apart")]
impl fmt::Debug for OwnerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner")
            .field("resource", &self.inner.name())
            .field("state", &self.state())
            .finish()
    }
}
