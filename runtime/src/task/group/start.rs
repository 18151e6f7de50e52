//! [`started`]: spawns a child and waits until it is ready.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::announcement::{Announcement, not_ready};
use super::state::Group;
use super::task::spawn;
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::current;
use crate::cancel::node::Node;
use crate::error::task_error::TaskError;
use crate::error::{BoxError, Error, ErrorKind};
use crate::event::failures::{Failures, Verdict};
use crate::lifespan::BoxFuture;
use crate::lifespan::send_fn::SendFn;
use crate::task::ready::{Ready, until_ready};
use crate::task::service::ServiceEnd;

/// Spawns what `run` makes, and waits until it is ready. If that does not come, its failure is the error; given up before, the
/// child is cancelled.
pub(super) fn started<T, O, R>(
    group: Arc<Group>,
    subject: Subject,
    run: R,
) -> impl Future<Output = Result<T, Error>> + Send + use<T, O, R>
where
    T: Send + 'static,
    O: ServiceEnd,
    R: AsyncFnOnce(Ready<T>) -> O + SendFn<Ready<T>, O, Future: 'static> + Send + 'static,
{
    // Called in the child's task, so that a panic of it is one of the child.
    let run = |ready| -> BoxFuture<'static, _> { Box::pin(async { run(ready).await.__into_result() }) };
    spawned(group, subject, run)
}

async fn spawned<T: Send + 'static>(
    group: Arc<Group>,
    subject: Subject,
    run: impl FnOnce(Ready<T>) -> BoxFuture<'static, Result<(), BoxError>>,
) -> Result<T, Error> {
    if let Some(cancellation) = current::cancellation() {
        // As with anything that is entered in a cancelled scope (law 14).
        current::deliver();
        let kind = ErrorKind::of(&cancellation);
        return Err(Error::of(subject, Phase::Enter, kind, cancellation.into()));
    }
    let (ready, value, handshake) = Ready::new();
    let (announcement, refused) = Announcement::new(handshake);
    let on = |task| drop(group.runtime.spawn(task));
    let Ok(child) = spawn(&group, &subject, Some(announcement), run(ready), on) else {
        let closed = TaskError::GroupClosed.into();
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
        _ => not_ready(&subject, TaskError::Dropped),
    }
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
