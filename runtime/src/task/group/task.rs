//! [`spawn`]: the spawned task of a child, which tells the group and the handle how it ended, once, also when the task is dropped.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::child::Child;
use super::state::GroupInner;
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::{panic_text, rendered};
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::error::of_cancellation::is_echo;
use crate::error::task_error::{TaskError, TaskFailure};
use crate::error::{BoxError, Error, ErrorKind};
use crate::event::failures::{Failures, OneFailure, drop_echo};
use crate::event::undelivered::Undelivered;
use crate::task::ready::StartHandshake;
use crate::task::spawned::{Spawned, TaskEnd, TaskResult, TaskSide};

pub(super) type ChildTask<F, T> = Spawned<F, ChildSide<T>>;

/// Refused when the group has closed; the code is given back.
pub(super) fn spawn<F: Future, T>(
    group: &Arc<GroupInner>,
    subject: &Subject,
    announcement: Option<Announcement>,
    code: F,
    result: TaskResult<F, T>,
    on: impl FnOnce(ChildTask<F, T>),
) -> Result<Child<T>, F> {
    if !group.admit() {
        return Err(code);
    }
    let region = group.region_for(subject);
    let (handle, outcome) = oneshot::channel();
    let child = Child::new(outcome, Arc::clone(&region));
    let side = ChildSide {
        group: Arc::clone(group),
        region: Arc::clone(&region),
        subject: subject.clone(),
        handle: Some(handle),
        announcement,
    };
    on(Spawned::new(region, subject.clone(), code, result, side));
    Ok(child)
}

/// What the handle is told, and what failed.
type ChildOutcome<T> = (Result<T, TaskError>, Option<Error>);

/// The task's own side.
pub(super) struct ChildSide<T> {
    group: Arc<GroupInner>,
    region: Arc<Node>,
    subject: Subject,
    /// Until it has ended.
    handle: Option<oneshot::Sender<Result<T, TaskError>>>,
    /// Of one that is waited for until it is ready.
    announcement: Option<Announcement>,
}

impl<T> TaskSide for ChildSide<T> {
    type TaskValue = T;

    fn is_aborted(&self) -> bool {
        self.group.aborted().is_some()
    }

    fn polled(&mut self, goes_on: bool, cx: &mut Context<'_>) {
        if let Some(announcement) = &mut self.announcement {
            if let Poll::Ready(()) = announcement.poll(goes_on, &self.subject, cx) {
                self.announcement = None;
            }
        }
    }

    fn end(mut self, end: TaskEnd<T>) {
        // What could not be spawned, for want of a `LocalSet`, say, has panicked at its spawner.
        if matches!(end, TaskEnd::Dropped { began: false }) && std::thread::panicking() {
            return;
        }
        let Some(handle) = self.handle.take() else {
            return;
        };
        let (mut result, error) = self.told(end);
        if let Err(TaskError::Cancelled(cancellation)) = &result {
            self.group.cut(cancellation);
        }
        let error = match self.announcement.take() {
            Some(announcement) => announcement.end(&result, error, &self.subject),
            None => error,
        };
        let death = error.and_then(|error| self.group.fail(error));
        if let (Err(told), Some(death)) = (&mut result, death) {
            told.ends_group(death);
        }
        // Nobody may wait for it, and its destructor is the user's.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(handle.send(result))));
    }
}

impl<T> ChildSide<T> {
    fn told(&self, end: TaskEnd<T>) -> ChildOutcome<T> {
        let (subject, phase) = (&self.subject, self.phase());
        let cancelled = self.region.cancellation();
        match (end, cancelled) {
            // It was told, so that it does not count as completed (law 15).
            (TaskEnd::Done(_), Some(cancellation)) if self.region.is_delivered() => cut(cancellation),
            (TaskEnd::Done(value), _) => (Ok(value), None),
            (TaskEnd::Stopped(cancellation), _) => cut(cancellation),
            (TaskEnd::Failed(error), Some(cancellation)) if self.is_told(&error, &cancellation) => {
                drop_echo(error);
                cut(cancellation)
            }
            (TaskEnd::Failed(error), _) => {
                let told = TaskError::Failed(TaskFailure::new(rendered(&error), subject));
                (Err(told), Some(Error::failed(subject, phase, error)))
            }
            (TaskEnd::Panicked(panic), _) => {
                let text = panic_text(&panic).to_owned();
                let OneFailure { error, .. } = OneFailure::panicked(subject.clone(), phase, panic);
                (Err(TaskError::Panicked(TaskFailure::new(text, subject))), Some(error))
            }
            (TaskEnd::Aborted(panicked), _) => {
                let panicked = panicked.map(|panic| OneFailure::panicked(subject.clone(), Phase::Body, panic));
                drop(Failures::from_iter(panicked)); // reported
                self.interrupted(self.group.aborted().unwrap_or(TaskError::Dropped))
            }
            (TaskEnd::Dropped { .. }, _) => self.interrupted(TaskError::Dropped),
        }
    }

    fn phase(&self) -> Phase {
        match self.announcement {
            None => Phase::Body,
            Some(_) => Phase::Enter,
        }
    }

    /// Whether an error only tells of a cancellation. What a sibling was told of may be the group's, while it was itself cancelled for
    /// another reason.
    fn is_told(&self, error: &BoxError, own: &Cancellation) -> bool {
        let group = self.group.node().cancellation();
        [Some(own), group.as_ref()]
            .into_iter()
            .flatten()
            .any(|told| is_echo(&**error, told))
    }

    fn interrupted(&self, told: TaskError) -> ChildOutcome<T> {
        let error = Error::of(
            self.subject.clone(),
            self.phase(),
            ErrorKind::Interrupted,
            told.clone().into(),
        );
        (Err(told), Some(error))
    }
}

fn cut<T>(cancellation: Cancellation) -> ChildOutcome<T> {
    (Err(TaskError::Cancelled(cancellation)), None)
}

impl<T> Drop for ChildSide<T> {
    fn drop(&mut self) {
        self.region.leave(|_| false);
        self.group.dismiss();
    }
}

/// How a child tells who started it that it is ready, or never will be.
pub(super) struct Announcement {
    pub(super) handshake: StartHandshake,
    pub(super) refusal: oneshot::Sender<Undelivered>,
}

impl Announcement {
    /// To be polled after the child. Ready when there is nothing more to announce: its [`Ready`](crate::task::Ready) was used, or
    /// dropped by a child that goes on.
    fn poll(&mut self, goes_on: bool, subject: &Subject, cx: &mut Context<'_>) -> Poll<()> {
        if !ready!(self.handshake.poll(goes_on, cx)) {
            let (nobody, _) = oneshot::channel();
            let refusal = std::mem::replace(&mut self.refusal, nobody);
            let _ = give(refusal, not_ready(subject, TaskError::ReadyDropped));
        }
        Poll::Ready(())
    }

    /// It has ended without having been ready: that is the error of who started it, or else of the group.
    fn end<T>(self, result: &Result<T, TaskError>, error: Option<Error>, subject: &Subject) -> Option<Error> {
        // Nobody else need be told: it says nothing that who gave up does not know.
        let _ = match (result, error) {
            (_, Some(error)) => return give(self.refusal, error),
            (Ok(_), None) => give(self.refusal, not_ready(subject, TaskError::NotReady)),
            (Err(TaskError::Cancelled(why)), None) => give(
                self.refusal,
                Error::cancelled(subject.clone(), Phase::Enter, why.clone()),
            ),
            (Err(_), None) => None,
        };
        None
    }
}

/// Gives it to who started the child; back if nobody waits.
fn give(refusal: oneshot::Sender<Undelivered>, error: Error) -> Option<Error> {
    let back = refusal.send(error.into()).err()?;
    Some(back.deliver().error)
}

pub(super) fn not_ready(subject: &Subject, why: TaskError) -> Error {
    Error::of(subject.clone(), Phase::Enter, ErrorKind::Failed, why.into())
}
