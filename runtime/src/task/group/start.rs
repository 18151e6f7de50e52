//! [`started`]: spawns a child and waits until it is ready; [`Announcement`], the child's own side of that.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::end::Fallible;
use super::state::Group;
use super::task::Task;
use crate::base::cause::Phase;
use crate::base::coop::poll_unbudgeted;
use crate::base::entry::Subject;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::frame;
use crate::cancel::node::Node;
use crate::error::task_error::ChildError;
use crate::error::{BoxError, Error, ErrorKind};
use crate::lifespan::BoxFuture;
use crate::report::failures::{Failures, Verdict};
use crate::task::service::ready::{Readiness, Ready, until_ready};

/// A closure whose future can be spawned; as [`ServiceFn`](crate::task::service::ServiceFn).
#[doc(hidden)]
pub trait StartFn<T, O>: FnOnce(Ready<T>) -> Self::Future {
    /// What the closure returns.
    type Future: Future<Output = O> + Send + 'static;
}

impl<T, O, F, Fut> StartFn<T, O> for F
where
    F: FnOnce(Ready<T>) -> Fut,
    Fut: Future<Output = O> + Send + 'static,
{
    type Future = Fut;
}

/// Spawns what `run` makes, and waits until it is ready. If that does not come, its failure is the error; given up before, the
/// child is cancelled.
pub(super) async fn started<T: Send + 'static>(
    group: Arc<Group>,
    subject: Subject,
    run: impl FnOnce(Ready<T>) -> BoxFuture<'static, Result<(), BoxError>>,
) -> Result<T, Error> {
    if let Some(cancellation) = frame::cancellation() {
        // As with anything that is entered in a cancelled scope (law 14).
        frame::deliver();
        let kind = ErrorKind::of(&cancellation);
        return Err(Error::of(subject, Phase::Enter, kind, cancellation.into()));
    }
    let (ready, Readiness { value, set }) = Ready::new();
    let (refusal, refused) = oneshot::channel();
    let announcement = Announcement { set, refusal };
    let future = Fallible { future: run(ready) };
    let on = |task| drop(group.runtime.spawn(task));
    let Ok(child) = Task::spawn(&group, subject.clone(), Some(announcement), future, on) else {
        let closed = ChildError::GroupClosed.into();
        return Err(Error::of(subject, Phase::Enter, ErrorKind::Closed, closed));
    };
    let mut caller = Caller {
        child: Some(Arc::clone(child.node())),
        place: subject.place,
    };
    let value = until_ready(value, refusal_in(refused, subject)).await?;
    caller.child = None;
    Ok(value)
}

/// Why it does not become ready.
async fn refusal_in(refused: oneshot::Receiver<Failures>, subject: Subject) -> Error {
    match refused.await.map(Failures::verdict) {
        Ok(Verdict::Failed(error)) => error,
        _ => not_ready(&subject, ChildError::Dropped),
    }
}

fn not_ready(subject: &Subject, why: ChildError) -> Error {
    Error::of(subject.clone(), Phase::Enter, ErrorKind::Failed, why.into())
}

/// Who waits for a child to become ready. Dropped before it is, it cancels the child, which the group waits for.
struct Caller {
    child: Option<Arc<Node>>,
    place: &'static Location<'static>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            let reason = "nobody waits for it to become ready any more";
            child.cancel(&Cancellation::asked(Some(reason.into()), self.place));
        }
    }
}

/// How a child tells who started it that it is ready, or never will be.
pub(super) struct Announcement {
    set: oneshot::Receiver<()>,
    /// A list, so that an error which nobody has read is reported.
    refusal: oneshot::Sender<Failures>,
}

impl Announcement {
    /// Ready when there is nothing more to announce: its [`Ready`] was used, or dropped by a child that goes on.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, goes_on: bool, subject: &Subject) -> Poll<()> {
        // Outside of the budget of the task, which the child may have used up: that it was set must be seen in this poll.
        let set = ready!(poll_unbudgeted(Pin::new(&mut self.set), cx));
        if set.is_ok() {
            return Poll::Ready(());
        }
        if !goes_on {
            return Poll::Pending; // its end says more
        }
        let (nobody, _) = oneshot::channel();
        let refusal = std::mem::replace(&mut self.refusal, nobody);
        tell(refusal, not_ready(subject, ChildError::ReadyDropped));
        Poll::Ready(())
    }

    /// It has ended without having been ready: that is the error of who started it, or else of the group.
    pub(super) fn end<T>(
        self,
        result: &Result<T, ChildError>,
        error: Option<Error>,
        subject: &Subject,
    ) -> Option<Error> {
        match (result, error) {
            (Ok(_), _) => {
                tell(self.refusal, not_ready(subject, ChildError::NotReady));
                None
            }
            (Err(ChildError::Cancelled(cancellation)), None) => {
                let kind = ErrorKind::of(cancellation);
                let why = cancellation.clone().into();
                tell(self.refusal, Error::of(subject.clone(), Phase::Enter, kind, why));
                None
            }
            (_, Some(error)) => give(self.refusal, error),
            (Err(_), None) => None,
        }
    }
}

/// Tells who started it, if anybody still waits.
fn tell(refusal: oneshot::Sender<Failures>, error: Error) {
    if let Err(mut nobody) = refusal.send(Failures::of(vec![error])) {
        // It says nothing that whoever gave up does not know.
        nobody.errors().for_each(drop);
    }
}

/// Gives it to who started it; back if nobody waits.
fn give(refusal: oneshot::Sender<Failures>, error: Error) -> Option<Error> {
    match refusal.send(Failures::of(vec![error])) {
        Ok(()) => None,
        Err(mut back) => back.errors().next(),
    }
}
