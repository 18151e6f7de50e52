//! [`SpawnRequest`]: a child that is about to be spawned, with its name and place; what groups, spawners and named children make.

use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use super::child::Child;
use super::code::ChildCode;
use super::start::started;
use super::state::Group;
use super::task::{ChildTask, spawn};
use crate::base::entry::Subject;
use crate::base::policy::Name;
use crate::error::closed::Closed;
use crate::error::task_error::UNNAMED;
use crate::error::{BoxError, Error};
use crate::lifespan::BoxFuture;
use crate::lifespan::send_fn::SendFn;
use crate::task::ready::Ready;
use crate::task::service::ServiceEnd;

pub(super) struct SpawnRequest<'g> {
    group: &'g Arc<Group>,
    subject: Subject,
}

impl<'g> SpawnRequest<'g> {
    pub(super) fn new(
        group: &'g Arc<Group>,
        name: Option<Cow<'static, str>>,
        place: &'static Location<'static>,
    ) -> Self {
        let name = Name::Given(name.unwrap_or(UNNAMED.into()));
        SpawnRequest {
            group,
            subject: Subject::new(name, place),
        }
    }

    /// On the runtime of the group. Gives back what came too late.
    pub(super) fn spawn<F, T>(
        self,
        future: F,
        result: fn(F::Output) -> Result<T, BoxError>,
    ) -> Result<Child<T>, Closed<F>>
    where
        F: Future + Send + 'static,
        T: Send + 'static,
    {
        let runtime = &self.group.runtime;
        self.spawn_on(future, result, |task| drop(runtime.spawn(task)))
    }

    /// In the `LocalSet` or `LocalRuntime` of the caller.
    pub(super) fn spawn_local<F, T>(
        self,
        future: F,
        result: fn(F::Output) -> Result<T, BoxError>,
    ) -> Result<Child<T>, Closed<F>>
    where
        F: Future + 'static,
        T: 'static,
    {
        self.spawn_on(future, result, |task| drop(tokio::task::spawn_local(task)))
    }

    fn spawn_on<F: Future, T>(
        self,
        future: F,
        result: fn(F::Output) -> Result<T, BoxError>,
        on: impl FnOnce(ChildTask<ChildCode<F, T>, T>),
    ) -> Result<Child<T>, Closed<F>> {
        let refused = spawn(self.group, &self.subject, None, ChildCode { future, result }, on);
        refused.map_err(|code| Closed::new(code.future, "the task group", self.subject))
    }

    /// Waits until it is ready.
    pub(super) fn start<T, O, R>(self, run: R) -> impl Future<Output = Result<T, Error>> + Send + use<T, O, R>
    where
        T: Send + 'static,
        O: ServiceEnd,
        R: AsyncFnOnce(Ready<T>) -> O + SendFn<Ready<T>, O, Future: 'static> + Send + 'static,
    {
        // Called in the child's task, so that a panic of it is one of the child.
        let run = |ready| -> BoxFuture<'static, _> { Box::pin(async { run(ready).await.__into_result() }) };
        started(Arc::clone(self.group), self.subject, run)
    }
}
