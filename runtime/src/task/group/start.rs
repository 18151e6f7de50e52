//! [`started`]: spawns a child and waits until it is ready.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::state::GroupInner;
use super::task::{Announcement, not_ready, spawn};
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::current;
use crate::cancel::node::Node;
use crate::error::task_error::TaskError;
use crate::error::{BoxError, Error, ErrorKind};
use crate::lifespan::BoxFuture;
use crate::lifespan::send_fn::SendFn;
use crate::task::ready::{Ready, until_ready};
use crate::task::service::ServiceEnd;

/// Spawns what `run` makes, and waits until it is ready. If that does not come, its failure is the error; given up before, the
/// child is cancelled.
pub(super) fn started<T, O, R>(
    group: Arc<GroupInner>,
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
    group: Arc<GroupInner>,
    subject: Subject,
    run: impl FnOnce(Ready<T>) -> BoxFuture<'static, Result<(), BoxError>>,
) -> Result<T, Error> {
    if let Some(cancellation) = current::cancellation() {
        // As with anything that is entered in a cancelled scope (law 14).
        current::deliver();
        return Err(Error::cancelled(subject, Phase::Enter, cancellation));
    }
    let (ready, value, handshake) = Ready::new();
    let (refusal, refused) = oneshot::channel();
    let announcement = Some(Announcement { handshake, refusal });
    let on = |task| drop(group.runtime.spawn(task));
    let Ok(child) = spawn(&group, &subject, announcement, run(ready), |ended| ended, on) else {
        let closed = TaskError::GroupClosed.into();
        return Err(Error::of(subject, Phase::Enter, ErrorKind::Closed, closed));
    };
    let mut caller = StartCaller { child: Some(Arc::clone(child.node())), place: subject.place };
    let refusal = async {
        let dropped = |_| not_ready(&subject, TaskError::Dropped);
        refused.await.map_or_else(dropped, |refusal| refusal.deliver().error)
    };
    let value = until_ready(value, refusal).await?;
    caller.child = None;
    Ok(value)
}

/// Who waits for a child to become ready. Dropped before it is, it cancels the child, which the group waits for.
struct StartCaller {
    child: Option<Arc<Node>>,
    place: &'static Location<'static>,
}

impl Drop for StartCaller {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            let reason = "nobody waits for it to become ready any more";
            child.cancel(&Cancellation::asked(Some(reason.into()), self.place));
        }
    }
}
