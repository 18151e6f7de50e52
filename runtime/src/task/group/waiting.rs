//! The end of a [`TaskGroup`], whose exit waits for its children. Dropped before that is over, the children are cancelled, and the
//! waiting goes on as a job: adopted by the scope around it, or else rescued, so that `drain` knows of it (laws 3 and 4).

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::TaskGroup;
use super::state::GroupInner;
use crate::base::cause::Phase;
use crate::base::timer::after;
use crate::error::task_error::TaskError;
use crate::error::{BoxError, Error, ErrorKind};
use crate::event::failures::{Failures, Verdict};
use crate::orphan::collector;
use crate::orphan::orphan_exit::{OrphanExit, OrphanState};
use crate::resource::exit::Exit;
use crate::task::ladder::{Reached, ShutdownLadder, end_by};

impl TaskGroup {
    /// Waits for the children, after it has cancelled them if the body did not succeed. Within a budget, what is left is
    /// cancelled, then aborted.
    pub(super) async fn end(mut self, exit: &Exit) -> Result<(), BoxError> {
        if !exit.is_clean() {
            let why = match exit.error() {
                Some(error) => format!("the body of the group ended: {} ({error})", exit.cause()),
                None => format!("the body of the group ended: {}", exit.cause()),
            };
            self.group.cancel(Some(why.into()), self.group.subject().place);
        }
        let time = exit.remaining();
        self.until = time.map(after);
        let left = self.group.ends(time, exit.is_clean(), Some(exit)).await;
        self.is_over = true;
        self.outcome(left, exit.is_clean())
    }

    /// What failed; else, if it was cancelled before all children had completed, that (law 15).
    fn outcome(&self, left: Vec<Error>, is_clean: bool) -> Result<(), BoxError> {
        let mut failures = self.group.take_failures();
        failures.append(Failures::of(left));
        match (failures.verdict(), self.group.cut_short()) {
            (Verdict::Failed(error), _) => Err(error.into()),
            (_, Some(cancellation)) if is_clean => Err(cancellation.into()),
            _ => Ok(()),
        }
    }
}

impl GroupInner {
    /// Waits for the children. Within a budget, what is left is cancelled, if it may run on until then, and then aborted. The
    /// errors of those that do not even end then.
    async fn ends(&self, time: Option<Duration>, may_run_on: bool, exit: Option<&Exit>) -> Vec<Error> {
        let Some(time) = time else {
            poll_fn(|cx| self.poll_left(exit, cx)).await;
            return Vec::new();
        };
        let default = ShutdownLadder::default();
        let (stop, cancel) = if may_run_on { (None, default.cancel) } else { (Some(Duration::ZERO), None) };
        let ladder = ShutdownLadder { stop, cancel, ..default };
        let ladder = ladder.within(Some(time));
        let (cancel, abort) = (|| self.out_of_time(), || self.abort(ladder.cancel));
        let reached = end_by(ladder, |cx| self.poll_left(exit, cx), cancel, abort).await;
        if reached != Reached::Nothing {
            return Vec::new();
        }
        let ignored = TaskError::ignored(ladder.cancel, false);
        let left = self.give_up().into_iter();
        left.map(|child| Error::of(child, Phase::Body, ErrorKind::Interrupted, ignored.clone().into()))
            .collect()
    }

    /// An exit is shielded from what is around it, but the children are not (law 6).
    fn poll_left(&self, exit: Option<&Exit>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(cancellation) = exit.and_then(Exit::cancelled_around) {
            self.node().cancel_inherited(cancellation);
        }
        self.poll_ended(cx)
    }
}

impl Drop for TaskGroup {
    fn drop(&mut self) {
        let group = &self.group;
        if self.is_over || group.close_if_idle() {
            return;
        }
        let subject = group.subject();
        let reason = "nobody waits for the group any more";
        group.cancel(Some(reason.into()), subject.place);
        let (runtime, group, until) = (group.runtime.clone(), Arc::clone(group), self.until);
        let exit = async move {
            // What is left of the budget goes with it, or a child that ignores its cancellation would be waited for for ever.
            let time = until.map(|until| until.saturating_duration_since(Instant::now()));
            let left = group.ends(time, false, None).await;
            let mut failures = group.take_failures();
            failures.append(Failures::of(left));
            failures
        };
        let exit = OrphanExit::new(OrphanState::Unbegun, exit, subject, Some(runtime), false);
        collector::submit(exit);
    }
}
