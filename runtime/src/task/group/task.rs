//! [`Task`]: the spawned task of a child, which runs it in a cancel scope of its own, and tells the group and the handle how it
//! ended, once, also when the task is dropped.

use std::future::{Future, Pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::oneshot;

use super::child::Child;
use super::start::Announcement;
use super::state::Group;
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::{Panic, panic_text, rendered};
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::cancel_scope::{Alarm, Branch};
use crate::error::of_cancellation::is_echo;
use crate::error::task_error::{ChildError, ChildFailure};
use crate::error::{BoxError, Error, ErrorKind};
use crate::report::failures::{Failure, Failures, drop_echo};
use crate::scope::driven::Outcome;

pin_project! {
    pub(super) struct Task<F, T> {
        // Until it has ended, or was aborted.
        #[pin]
        body: Option<Branch<F, Result<T, BoxError>, Pending<()>>>,
        living: Option<Living<T>>,
    }
}

impl<F: Future<Output = Result<T, BoxError>>, T> Task<F, T> {
    /// Refused when the group has closed; the future is given back.
    pub(super) fn spawn(
        group: &Arc<Group>,
        subject: Subject,
        announcement: Option<Announcement>,
        future: F,
        on: impl FnOnce(Self),
    ) -> Result<Child<T>, F> {
        if !group.admit() {
            return Err(future);
        }
        let node = group.node_for(&subject);
        let (handle, result) = oneshot::channel();
        let child = Child::new(result, Arc::clone(&node));
        let body = Branch::new(Arc::clone(&node), Alarm::none(), future);
        let living = Living {
            group: Arc::clone(group),
            node,
            subject,
            handle: Some(handle),
            announcement,
            began: false,
        };
        on(Task {
            body: Some(body),
            living: Some(living),
        });
        Ok(child)
    }
}

impl<F: Future<Output = Result<T, BoxError>>, T> Future for Task<F, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(living) = this.living else {
            return Poll::Ready(());
        };
        living.began = true;
        let ended = if let Some(ignored) = living.group.aborted() {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| this.body.set(None))) {
                let subject = living.subject.clone();
                let failure = Failure::panicked(subject, Phase::Body, panic);
                drop(Failures::from_iter([failure])); // reported
            }
            Poll::Ready(Ended::Aborted(ignored))
        } else {
            let body = this.body.as_mut().as_pin_mut();
            let polled = body.map_or(Poll::Pending, |body| body.poll(cx));
            living.announce(cx, polled.is_pending());
            polled.map(|outcome| Ended::of(outcome, &living.node, living.group.node()))
        };
        let ended = ready!(ended);
        this.body.set(None);
        if let Some(mut living) = this.living.take() {
            living.end(ended);
        }
        Poll::Ready(())
    }
}

/// How a child ended.
enum Ended<T> {
    Completed(T),
    Failed(BoxError),
    Panicked(Panic),
    Cancelled(Cancellation),
    /// It did not unwind, or its task was dropped.
    Aborted(ChildError),
}

impl<T> Ended<T> {
    fn of(outcome: Outcome<Result<T, BoxError>, Cancellation>, node: &Node, group: &Node) -> Self {
        match (outcome, node.cancellation()) {
            (Outcome::Panicked(panic), _) => Ended::Panicked(panic),
            (Outcome::Stopped(cancellation), _) => Ended::Cancelled(cancellation),
            // It was told, so that it does not count as completed (law 15).
            (Outcome::Done(Ok(_)), Some(cancellation)) if node.is_delivered() => Ended::Cancelled(cancellation),
            // What a sibling was told of may be the group's, while it was itself cancelled for another reason.
            (Outcome::Done(Err(error)), Some(cancellation))
                if [Some(&cancellation), group.cancellation().as_ref()]
                    .into_iter()
                    .flatten()
                    .any(|told| is_echo(&*error, told)) =>
            {
                drop_echo(error);
                Ended::Cancelled(cancellation)
            }
            (Outcome::Done(Ok(value)), _) => Ended::Completed(value),
            (Outcome::Done(Err(error)), _) => Ended::Failed(error),
        }
    }

    /// What the handle is told, and what failed.
    fn tell(self, subject: &Subject, phase: Phase) -> (Result<T, ChildError>, Option<Error>) {
        match self {
            Ended::Completed(value) => (Ok(value), None),
            Ended::Cancelled(cancellation) => (Err(ChildError::Cancelled(cancellation)), None),
            Ended::Failed(error) => {
                let told = ChildError::Failed(ChildFailure::new(rendered(&error), subject));
                (Err(told), Some(Error::failed(subject, phase, error)))
            }
            Ended::Panicked(panic) => {
                let text = panic_text(&panic).to_owned();
                let told = ChildError::Panicked(ChildFailure::new(text, subject));
                let Failure { error, .. } = Failure::panicked(subject.clone(), phase, panic);
                (Err(told), Some(error))
            }
            Ended::Aborted(told) => {
                let (kind, why) = (ErrorKind::Interrupted, told.clone().into());
                let error = Error::of(subject.clone(), phase, kind, why);
                (Err(told), Some(error))
            }
        }
    }
}

/// The task's own side. Dropped before the end, the task was.
struct Living<T> {
    group: Arc<Group>,
    node: Arc<Node>,
    subject: Subject,
    /// Until it has ended.
    handle: Option<oneshot::Sender<Result<T, ChildError>>>,
    /// Of one that is waited for until it is ready.
    announcement: Option<Announcement>,
    began: bool,
}

impl<T> Living<T> {
    fn announce(&mut self, cx: &mut Context<'_>, goes_on: bool) {
        if let Some(announcement) = &mut self.announcement {
            if announcement.poll(cx, goes_on, &self.subject).is_ready() {
                self.announcement = None;
            }
        }
    }

    fn end(&mut self, ended: Ended<T>) {
        let Some(handle) = self.handle.take() else {
            return;
        };
        if let Ended::Cancelled(cancellation) = &ended {
            self.group.cut(cancellation);
        }
        let phase = match self.announcement {
            None => Phase::Body,
            Some(_) => Phase::Enter,
        };
        let (mut result, error) = ended.tell(&self.subject, phase);
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

impl<T> Drop for Living<T> {
    fn drop(&mut self) {
        // What could not be spawned, for want of a `LocalSet`, say, has panicked at its spawner.
        if self.began || !std::thread::panicking() {
            self.end(Ended::Aborted(ChildError::Dropped));
        }
        self.node.leave();
        self.group.dismiss();
    }
}
