//! [`Spawned`]: the one life of a spawned task: code in a region of its own, and its end, which is told once, also when the task is
//! dropped, be it before its first poll.

use std::future::{Future, Pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::Panic;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::cancel_scope::{Bell, Branch, RegionEnd};
use crate::error::{BoxError, Error};
use crate::event::undelivered::Undelivered;

/// How a spawned task ended.
pub(crate) enum TaskEnd<T> {
    Done(T),
    Failed(BoxError),
    /// Cancelled, it has unwound.
    Stopped(Cancellation),
    Panicked(Panic),
    /// Its code was dropped where it stood, as it was [asked](TaskSide::is_aborted), or has panicked as it was.
    Aborted(Option<Panic>),
    /// The task was dropped; without having been polled if it never began.
    Dropped {
        began: bool,
    },
}

/// What goes with the code of a spawned task, and is told of its end.
pub(crate) trait TaskSide {
    /// What the code gives if it succeeds.
    type TaskValue;

    /// Whether the code is to be dropped where it stands; asked before each poll.
    fn is_aborted(&self) -> bool {
        false
    }

    /// The code was polled. Whether it goes on.
    fn polled(&mut self, _goes_on: bool, _cx: &mut Context<'_>) {}

    /// Called once.
    fn end(self, end: TaskEnd<Self::TaskValue>);
}

pin_project! {
    pub(crate) struct Spawned<F: Future, S: TaskSide> {
        // Until it has ended, or was aborted.
        #[pin]
        code: Option<Branch<TaskCode<F, S::TaskValue>, Result<S::TaskValue, Undelivered<CodeFailure>>, Pending<()>>>,
        // After the code: by the end of that it is told.
        side: TaskGuard<S>,
    }
}

/// Tells the end once, also by being dropped.
pub(crate) struct TaskGuard<S: TaskSide> {
    side: Option<S>,
    began: bool,
}

/// What of that which code gives says whether it succeeded.
pub(crate) type TaskResult<F, T> = fn(<F as Future>::Output) -> Result<T, BoxError>;

impl<F: Future, S: TaskSide> Spawned<F, S> {
    /// The code runs in this region, and is called so.
    pub(crate) fn new(
        region: Arc<Node>,
        subject: Subject,
        future: F,
        result: TaskResult<F, S::TaskValue>,
        side: S,
    ) -> Self {
        region.name(subject.clone());
        let code = TaskCode { future, result, subject };
        Spawned { code: Some(Branch::new(region, Bell::none(), code)), side: TaskGuard::new(side) }
    }
}

impl<F: Future, S: TaskSide> Future for Spawned<F, S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        this.side.began = true;
        let Some(side) = &mut this.side.side else {
            return Poll::Ready(());
        };
        let end = if side.is_aborted() {
            let dropped = catch_unwind(AssertUnwindSafe(|| this.code.set(None)));
            TaskEnd::Aborted(dropped.err())
        } else {
            let code = this.code.as_mut().as_pin_mut();
            let polled = code.map_or(Poll::Pending, |code| code.poll(cx));
            side.polled(polled.is_pending(), cx);
            match ready!(polled) {
                RegionEnd::Done(Ok(value)) => TaskEnd::Done(value),
                RegionEnd::Done(Err(failure)) => TaskEnd::Failed(failure.deliver().0),
                RegionEnd::Stopped(cancellation) => TaskEnd::Stopped(cancellation),
                RegionEnd::Panicked(panic) => TaskEnd::Panicked(panic),
            }
        };
        this.code.set(None);
        this.side.end(end);
        Poll::Ready(())
    }
}

pin_project! {
    struct TaskCode<F: Future, T> {
        #[pin]
        future: F,
        result: TaskResult<F, T>,
        subject: Subject,
    }
}

impl<F: Future, T> Future for TaskCode<F, T> {
    type Output = Result<T, Undelivered<CodeFailure>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let failed = |error| Undelivered::new(CodeFailure(error, this.subject.clone()));
        this.future.poll(cx).map(|given| (this.result)(given).map_err(failed))
    }
}

/// What the code failed with, and who it is.
struct CodeFailure(BoxError, Subject);

impl From<CodeFailure> for Error {
    fn from(CodeFailure(error, subject): CodeFailure) -> Self {
        Error::failed(&subject, Phase::Body, error)
    }
}

impl<S: TaskSide> TaskGuard<S> {
    pub(crate) fn new(side: S) -> Self {
        TaskGuard { side: Some(side), began: false }
    }

    pub(crate) fn side_mut(&mut self) -> Option<&mut S> {
        self.side.as_mut()
    }

    pub(crate) fn end(&mut self, end: TaskEnd<S::TaskValue>) {
        if let Some(side) = self.side.take() {
            side.end(end);
        }
    }
}

impl<S: TaskSide> Drop for TaskGuard<S> {
    fn drop(&mut self) {
        self.end(TaskEnd::Dropped { began: self.began });
    }
}
