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
use crate::resource::failing::FailureLink;
use crate::task::ready::StartHandshake;
use crate::task::spawned::{TaskEnd, TaskSide};

pub(super) struct Life {
    /// Who it is to itself.
    subject: Subject,
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
    end: Option<End>,
    /// To those who use it.
    wire: Option<FailureLink>,
}

enum End {
    /// Nobody had asked it to.
    Died(Death),
    Stopped(Result<(), BoxError>),
}

impl Life {
    pub(super) fn new(subject: Subject) -> Self {
        Life {
            subject,
            state: Lock::default(),
            changed: Notify::new(),
        }
    }

    pub(super) fn subject(&self) -> Subject {
        let known_as = self.state.lock().wire.as_ref().map(|wire| wire.subject().clone());
        known_as.unwrap_or_else(|| self.subject.clone())
    }

    /// Its death is told there from now on; whoever entered it before has given it away.
    pub(super) fn attach(&self, wire: &FailureLink) {
        let mut state = self.state.lock();
        let old = state.wire.replace(wire.clone());
        let death = match &state.end {
            Some(End::Died(death)) => Some(death.clone()),
            Some(End::Stopped(_)) | None => None,
        };
        drop(state);
        drop(old);
        if let Some(death) = death {
            wire.cut(&death);
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
            self.state.lock().end = Some(End::Stopped(result));
        } else {
            self.die(&Death::new(result.err().unwrap_or_else(|| early.into())));
        }
        self.changed.notify_one();
    }

    fn die(&self, death: &Death) {
        let wire = {
            let mut state = self.state.lock();
            state.end = Some(End::Died(death.clone()));
            state.wire.clone()
        };
        if let Some(wire) = wire {
            wire.cut(death);
        }
    }

    /// How it ended, after it did: told once.
    pub(super) fn outcome(&self) -> Result<(), BoxError> {
        match self.state.lock().end.take() {
            Some(End::Died(death)) => death.take().map_or(Ok(()), Err),
            Some(End::Stopped(result)) => result,
            None => Ok(()),
        }
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
        let state = self.state.lock();
        match &state.end {
            Some(End::Died(death)) => death.take(),
            None if state.let_go => Some(TaskError::ReadyDropped.into()),
            _ => None,
        }
    }
}

/// Nobody has asked how it ended, since its exit was dropped in the middle (law 6). That its task was dropped then is no news.
impl Drop for Life {
    fn drop(&mut self) {
        let Err(error) = self.outcome() else { return };
        if !matches!(error.downcast_ref(), Some(TaskError::Dropped)) {
            untold(Error::failed(&self.subject(), Phase::Exit, error));
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
                Err(TaskError::Panicked(TaskFailure::new(text, &self.life.subject())).into())
            }
            TaskEnd::Aborted(_) | TaskEnd::Dropped { .. } => Err(TaskError::Dropped.into()),
        };
        self.life.end(result, early);
    }
}
