//! [`Order`]: what is to be spawned where, the one place at which groups, spawners and named children meet.

use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use super::child::Child;
use super::end::{ChildEnd, Fallible, Plain};
use super::start::{StartFn, started};
use super::state::Group;
use super::task::Task;
use crate::base::entry::Subject;
use crate::base::policy::Name;
use crate::error::Error;
use crate::error::closed::Closed;
use crate::error::task_error::UNNAMED;
use crate::lifespan::BoxFuture;
use crate::task::service::{Ready, ServiceEnd};

/// A child that is about to be.
pub(super) struct Order<'g> {
    pub(super) group: &'g Arc<Group>,
    subject: Subject,
}

impl<'g> Order<'g> {
    pub(super) fn new(
        group: &'g Arc<Group>,
        name: Option<Cow<'static, str>>,
        place: &'static Location<'static>,
    ) -> Self {
        let name = Name::Given(name.unwrap_or(UNNAMED.into()));
        Order {
            group,
            subject: Subject { name, place },
        }
    }

    pub(super) fn spawn<F, T>(self, future: F) -> Result<Child<T>, Closed<F>>
    where
        F: Future<Output: ChildEnd<Value = T>> + Send + 'static,
        T: Send + 'static,
    {
        let closed = closed(&self.subject);
        let on = |task| drop(self.group.runtime.spawn(task));
        Task::spawn(self.group, self.subject, None, Fallible { future }, on)
            .map_err(|Fallible { future }| closed(future))
    }

    pub(super) fn spawn_ok<F>(self, future: F) -> Result<Child<F::Output>, Closed<F>>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let closed = closed(&self.subject);
        let on = |task| drop(self.group.runtime.spawn(task));
        Task::spawn(self.group, self.subject, None, Plain { future }, on).map_err(|Plain { future }| closed(future))
    }

    pub(super) fn spawn_local<F, T>(self, future: F) -> Result<Child<T>, Closed<F>>
    where
        F: Future<Output: ChildEnd<Value = T>> + 'static,
        T: 'static,
    {
        let closed = closed(&self.subject);
        let on = |task| drop(tokio::task::spawn_local(task));
        Task::spawn(self.group, self.subject, None, Fallible { future }, on)
            .map_err(|Fallible { future }| closed(future))
    }

    pub(super) fn spawn_local_ok<F>(self, future: F) -> Result<Child<F::Output>, Closed<F>>
    where
        F: Future<Output: 'static> + 'static,
    {
        let closed = closed(&self.subject);
        let on = |task| drop(tokio::task::spawn_local(task));
        Task::spawn(self.group, self.subject, None, Plain { future }, on).map_err(|Plain { future }| closed(future))
    }

    pub(super) fn start<T, O, R>(self, run: R) -> impl Future<Output = Result<T, Error>> + Send + use<T, O, R>
    where
        T: Send + 'static,
        O: ServiceEnd,
        R: AsyncFnOnce(Ready<T>) -> O + StartFn<T, O> + Send + 'static,
    {
        // Called in the child's task, so that a panic of it is one of the child.
        let run = |ready| -> BoxFuture<'static, _> { Box::pin(async { run(ready).await.__into_result() }) };
        started(Arc::clone(self.group), self.subject, run)
    }
}

/// Gives back what came too late.
fn closed<F>(subject: &Subject) -> impl FnOnce(F) -> Closed<F> + use<F> {
    let subject = subject.clone();
    |future| Closed::new(future, "the task group", subject)
}
