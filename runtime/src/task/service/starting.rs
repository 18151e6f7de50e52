//! [`Starting`]: the enter of a service: spawns its task, and waits until that is ready.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use super::Service;
use super::called;
use super::end::ServiceEnd;
use super::error::ServiceError;
use super::ready::{Readiness, Ready, until_ready};
use super::said::Said;
use super::stop::Stop;
use super::task::Task;
use crate::base::entry::Entry;
use crate::error::BoxError;
use crate::lifespan::{BoxFuture, Lifespan};
use crate::resource::ScopedResource;

/// A closure whose future can be spawned; as [`ExitFn`](crate::lifespan::foreign::ExitFn).
#[doc(hidden)]
pub trait ServiceFn<T, O>: FnOnce(Ready<T>, Stop) -> Self::Future {
    /// What the closure returns.
    type Future: Future<Output = O> + Send + 'static;
}

impl<T, O, F, Fut> ServiceFn<T, O> for F
where
    F: FnOnce(Ready<T>, Stop) -> Fut,
    Fut: Future<Output = O> + Send + 'static,
{
    type Future = Fut;
}

/// The enter of a [`Service`]; made by [`Service::start`]. Its [`Lifespan`] can be told how the service
/// [ends](Lifespan::stop_timeout); [boxed](Lifespan::boxed), no longer.
#[must_use = "nothing is spawned until its lifespan is scoped or entered"]
pub struct Starting<T>(Stage<T>);

enum Stage<T> {
    Unbegun(Option<Start<T>>),
    /// Boxed, as the task is anyway.
    Begun(BoxFuture<'static, Result<Service<T>, BoxError>>),
}

/// What there is to spawn.
struct Start<T> {
    run: Run<T>,
    said: Said,
    place: &'static Location<'static>,
}

type Run<T> = Box<dyn FnOnce(Ready<T>, Stop) -> BoxFuture<'static, Result<(), BoxError>> + Send>;

impl<T: Send + 'static> Starting<T> {
    #[track_caller]
    pub(super) fn new<O, F>(run: F) -> Self
    where
        F: AsyncFnOnce(Ready<T>, Stop) -> O + ServiceFn<T, O> + Send + 'static,
        O: ServiceEnd,
    {
        // Called in the task, so that a panic of it is one of the task.
        let run: Run<T> = Box::new(|ready, stop| Box::pin(async { run(ready, stop).await.__into_result() }));
        Starting(Stage::Unbegun(Some(Start {
            run,
            said: Said {
                by_cancelling: O::__by_cancelling(),
                ..Said::default()
            },
            place: Location::caller(),
        })))
    }

    pub(super) fn said_mut(&mut self) -> &mut Said {
        match &mut self.0 {
            Stage::Unbegun(Some(start)) => &mut start.said,
            _ => unreachable!("a lifespan is configured before it is entered"),
        }
    }
}

impl<T: Send + 'static> Start<T> {
    /// How it is entered; where nobody says so, as its type is.
    fn entry(&self) -> Entry {
        called::here().unwrap_or_else(|| {
            let policy = <Service<T> as ScopedResource>::policy();
            let policy = match self.said.steps() {
                Some(steps) => policy.exit_timeout(steps.exit_budget()),
                None => policy,
            };
            Entry::new(policy, self.place)
        })
    }

    async fn enter(self, entry: Entry) -> Result<Service<T>, BoxError> {
        let Start { run, said, .. } = self;
        let runtime = Handle::try_current().map_err(|_| ServiceError::NoRuntime)?;
        let (ready, Readiness { value, set }) = Ready::new();
        let (ask, stop) = Stop::new();
        let (subject, place) = (entry.subject(), entry.place);
        let spawn = async { Task::spawn(&runtime, run(ready, stop), set, ask, said, subject) };
        let entry = Entry {
            parts: None,
            policy: entry.policy.enter_timeout(None),
            place,
        };
        let task = Lifespan::described(spawn, entry);
        // In a guard: if this future fails or is dropped, whoever polls it adopts the task's end, or it is rescued (law 3).
        let task = task.enter_at(place).await?;
        let value = until_ready(value, task.not_ready()).await?;
        let (task, _) = task.into_held().into_parts();
        Ok(Service { value, task })
    }
}

impl<T: Send + 'static> Future for Starting<T> {
    type Output = Result<Service<T>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Stage::Unbegun(start) = &mut self.0 {
            let Some(start) = start.take() else {
                unreachable!("it is begun in the same poll")
            };
            let entry = start.entry();
            self.0 = Stage::Begun(Box::pin(start.enter(entry)));
        }
        match &mut self.0 {
            Stage::Begun(entering) => entering.as_mut().poll(cx),
            Stage::Unbegun(_) => unreachable!("it has just begun"),
        }
    }
}

/// Nothing of it is pinned but what is in a box.
impl<T> Unpin for Starting<T> {}

impl<T> fmt::Debug for Starting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starting").finish_non_exhaustive()
    }
}
