//! [`Waiting`]: the duty to wait for the children of a group, which its exit fulfils. Dropped before that, the children are
//! cancelled, and the waiting goes on as a job: adopted by the scope around it, or else rescued, so that `drain` knows of it
//! (laws 3 and 4).

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::error::ChildError;
use super::state::Group;
use crate::budget::Budget;
use crate::error::{BoxError, Error, ErrorKind, Phase};
use crate::exit::Exit;
use crate::failures::Verdict;
use crate::job::Job;
use crate::service::steps::Steps;
use crate::timer::Timer;
use crate::watch;

/// How long aborted children are waited for, even if no time is left.
const MOMENT: Duration = Duration::from_millis(10);

pub(super) struct Waiting {
    group: Arc<Group>,
    is_over: bool,
}

impl Waiting {
    pub(super) fn new(group: Arc<Group>) -> Self {
        Waiting {
            group,
            is_over: false,
        }
    }

    pub(super) fn group(&self) -> &Arc<Group> {
        &self.group
    }

    /// Waits for the children, after it has cancelled them if the body did not succeed. Within a budget, what is left is
    /// cancelled, then aborted.
    pub(super) async fn end(mut self, exit: &Exit) -> Result<(), BoxError> {
        if !exit.is_clean() {
            let why = match exit.error() {
                Some(error) => format!("the body of the group ended: {} ({error})", exit.cause()),
                None => format!("the body of the group ended: {}", exit.cause()),
            };
            self.group
                .cancel(Some(why.into()), self.group.subject().place);
        }
        let left = match exit.remaining() {
            None => {
                self.ends_within(None, exit).await;
                Vec::new()
            }
            Some(time) => self.within(time, exit).await,
        };
        self.is_over = true;
        self.outcome(left, exit.is_clean())
    }

    /// The errors of those that do not even end when they are aborted.
    async fn within(&self, time: Duration, exit: &Exit) -> Vec<Error> {
        let group = &self.group;
        let default = Steps::default();
        let steps = if exit.is_clean() {
            Steps {
                stop: None,
                ..default
            }
        } else {
            Steps {
                stop: Some(Duration::ZERO),
                cancel: None,
                ..default
            }
        };
        let Steps {
            stop,
            cancel,
            abort,
        } = steps.within(Some(time));
        if self.ends_within(stop, exit).await {
            return Vec::new();
        }
        group.out_of_time();
        if self.ends_within(cancel, exit).await {
            return Vec::new();
        }
        group.abort(cancel);
        if self.ends_within(Some(abort.max(MOMENT)), exit).await {
            return Vec::new();
        }
        let ignored = ChildError::Ignored {
            cancel,
            is_gone: false,
        };
        let left = group.give_up().into_iter();
        left.map(|child| {
            Error::of(
                child,
                Phase::Body,
                ErrorKind::Interrupted,
                ignored.clone().into(),
            )
        })
        .collect()
    }

    /// The exit is shielded from what is around it, but the children are not (law 6).
    async fn ends_within(&self, time: Option<Duration>, exit: &Exit) -> bool {
        let mut timer = pin!(Timer::new(time.and_then(Budget::new)));
        let is_now = time == Some(Duration::ZERO);
        poll_fn(|cx| {
            if let Some(cancellation) = exit.cancelled_around() {
                self.group.node().suffer(cancellation);
            }
            match self.group.poll_ended(cx) {
                Poll::Ready(()) => Poll::Ready(true),
                Poll::Pending if is_now => Poll::Ready(false),
                Poll::Pending => timer.as_mut().poll_reached(cx).map(|()| false),
            }
        })
        .await
    }

    /// What failed; else, if it was cancelled before all children had completed, that (law 15).
    fn outcome(&self, left: Vec<Error>, is_clean: bool) -> Result<(), BoxError> {
        let mut failures = self.group.take_failures();
        for error in left {
            failures.push(error.into());
        }
        match (failures.verdict(), self.group.cut_short()) {
            (Verdict::Failed(error), _) => Err(error.into()),
            (_, Some(cancellation)) if is_clean => Err(cancellation.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let group = &self.group;
        if self.is_over || group.close_if_idle() {
            return;
        }
        let subject = group.subject();
        let reason = "nobody waits for the group any more";
        group.cancel(Some(reason.into()), subject.place);
        let (runtime, group) = (group.runtime.clone(), Arc::clone(group));
        let exit = async move {
            poll_fn(|cx| group.poll_ended(cx)).await;
            group.take_failures()
        };
        watch::submit(Job::new(exit, subject, Some(runtime), false));
    }
}
