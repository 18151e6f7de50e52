//! [`Life`]: what the task of a service and those who hold the service know of one another.

use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::Notify;

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::base::panic::panic_text;
use crate::cancel::death::Death;
use crate::cancel::node::Node;
use crate::error::of_cancellation::is_echo;
use crate::error::task_error::{TaskError, TaskFailure};
use crate::error::{BoxError, Error};
use crate::event::failures::{drop_echo, untold};
use crate::resource::failing::{Failed, FailureSource};
use crate::task::ready::StartHandshake;
use crate::task::spawned::{TaskEnd, TaskSide};

pub(super) struct Life {
    pub(super) source: FailureSource,
    state: Lock<State>,
    /// For the enter, which alone waits.
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// It has dropped its `Ready`, and goes on.
    let_go: bool,
    /// It was asked to stop.
    asked: bool,
    /// How it ended then.
    stopped: Option<Result<(), BoxError>>,
}

impl Life {
    pub(super) fn new(subject: Subject) -> Self {
        Life {
            source: FailureSource::new(subject),
            state: Lock::default(),
            changed: Notify::new(),
        }
    }

    /// From here on its end is no death.
    pub(super) fn ask(&self) {
        self.state.lock().asked = true;
    }

    /// It goes on without its `Ready`.
    fn let_go(&self) {
        self.state.lock().let_go = true;
        self.changed.notify_one();
    }

    /// It has ended; `early` is what it means if that was a success and nobody had asked.
    fn end(&self, result: Result<(), BoxError>, early: TaskError) {
        let asked = self.state.lock().asked;
        if asked {
            self.state.lock().stopped = Some(result);
        } else {
            let death = Death::new(result.err().unwrap_or_else(|| early.into()));
            self.source.fail(&Failed::Died(death));
        }
        self.changed.notify_one();
    }

    /// What it died of, unless that was told before.
    fn death(&self) -> Option<BoxError> {
        match self.source.failed()? {
            Failed::Died(death) => death.take(),
            Failed::Ended(_) => None,
        }
    }

    /// How it ended, after it did: told once.
    pub(super) fn outcome(&self) -> Result<(), BoxError> {
        let stopped = self.state.lock().stopped.take();
        stopped.unwrap_or_else(|| self.death().map_or(Ok(()), Err))
    }

    /// Waits until it is clear that it does not become ready.
    pub(super) async fn not_ready(&self) -> BoxError {
        loop {
            if let Some(error) = self.why_not_ready() {
                return error;
            }
            self.changed.notified().await;
        }
    }

    fn why_not_ready(&self) -> Option<BoxError> {
        if let Some(death) = self.death() {
            return Some(death);
        }
        let has_let_go = {
            let state = self.state.lock();
            state.let_go && state.stopped.is_none()
        };
        (has_let_go && self.source.failed().is_none()).then(|| TaskError::ReadyDropped.into())
    }
}

/// Nobody has asked how it ended, since its exit was dropped in the middle (law 6). That its task was dropped then is no news.
impl Drop for Life {
    fn drop(&mut self) {
        let Err(error) = self.outcome() else { return };
        if !matches!(error.downcast_ref(), Some(TaskError::Dropped)) {
            untold(Error::failed(&self.source.subject(), Phase::Exit, error));
        }
    }
}

/// The task's own side.
pub(super) struct ServiceSide {
    life: Arc<Life>,
    region: Arc<Node>,
    handshake: StartHandshake,
    is_ready: bool,
}

impl ServiceSide {
    pub(super) fn new(life: Arc<Life>, region: Arc<Node>, handshake: StartHandshake) -> Self {
        ServiceSide {
            life,
            region,
            handshake,
            is_ready: false,
        }
    }

    /// Whether an error only tells of the cancellation of the service.
    fn is_told(&self, error: &BoxError) -> bool {
        let cancellation = self.region.cancellation();
        cancellation.is_some_and(|cancellation| is_echo(&**error, &cancellation))
    }
}

impl TaskSide for ServiceSide {
    type Value = ();

    fn polled(&mut self, goes_on: bool, cx: &mut Context<'_>) {
        match self.handshake.poll(goes_on, cx) {
            Poll::Ready(true) => self.is_ready = true,
            Poll::Ready(false) => self.life.let_go(),
            Poll::Pending => {}
        }
    }

    fn end(self, end: TaskEnd<()>) {
        let early = if self.is_ready {
            TaskError::EndedEarly
        } else {
            TaskError::NotReady
        };
        let result = match end {
            // That it had to be cancelled is no failure.
            TaskEnd::Failed(error) if self.is_told(&error) => {
                drop_echo(error);
                Ok(())
            }
            TaskEnd::Failed(error) => Err(error),
            TaskEnd::Done(()) | TaskEnd::Stopped(_) => Ok(()),
            TaskEnd::Panicked(panic) => {
                let text = panic_text(&panic).to_owned();
                Err(TaskError::Panicked(TaskFailure::new(text, &self.life.source.subject())).into())
            }
            TaskEnd::Aborted(_) | TaskEnd::Dropped { .. } => Err(TaskError::Dropped.into()),
        };
        self.life.end(result, early);
    }
}
