//! [`Task`]: the spawned task of a service, and the ladder that ends it: ask, cancel, abort. [`ServiceLife`] is what the task and those who
//! hold the service know of one another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::options::ServiceOptions;
use super::stop::Stop;
use crate::base::cause::Phase;
use crate::base::coop::poll_unbudgeted;
use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::base::panic::panic_text;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::death::Death;
use crate::cancel::node::Node;
use crate::error::of_cancellation::is_echo;
use crate::error::task_error::{TaskError, TaskFailure};
use crate::error::{BoxError, Error};
use crate::event::failures::{OneFailure, drop_echo, resume_before, untold};
use crate::event::undelivered::Undelivered;
use crate::event::{self, EventKind};
use crate::lifespan::BoxFuture;
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::resource::failing::{Failed, Failing, FailureSource};
use crate::task::ladder::{Reached, ShutdownLadder, end_by};
use crate::task::ready::StartHandshake;
use crate::task::spawned::{Spawned, TaskEnd, TaskSide};

/// A resource of its own: held while the service enters, so that however that ends the task is ended too, and part of the
/// service from then on.
pub(super) struct Task {
    life: Arc<ServiceLife>,
    stop: Stop,
    handle: JoinHandle<()>,
    said: ServiceOptions,
    /// As it is entered.
    subject: Subject,
}

impl Task {
    pub(super) fn spawn(
        runtime: &Handle,
        run: BoxFuture<'static, Result<(), BoxError>>,
        handshake: StartHandshake,
        stop: Stop,
        said: ServiceOptions,
        subject: Subject,
    ) -> Self {
        let life = Arc::new(ServiceLife {
            source: FailureSource::new(subject.clone()),
            region: Node::new(),
            state: Lock::default(),
            changed: Notify::new(),
        });
        let side = ServiceSide { life: Arc::clone(&life), handshake };
        let handle = runtime.spawn(Spawned::new(
            Arc::clone(&life.region),
            subject.clone(),
            run,
            |ended| ended,
            side,
        ));
        Task { life, stop, handle, said, subject }
    }

    /// Waits until it is clear that it does not become ready.
    pub(super) async fn not_ready(&self) -> BoxError {
        loop {
            if let Some(error) = self.life.why_not_ready() {
                return error;
            }
            self.life.changed.notified().await;
        }
    }

    /// Asks it to stop, then cancels it, then aborts it, each when it has not ended by the end of the step before. What it
    /// was ready with is dropped once it has been asked; without one it was not ready.
    pub(super) async fn end(mut self, value: Option<impl Send>, exit: &Exit) -> Result<(), BoxError> {
        let ladder = self.said.within(exit.remaining());
        // What nobody used yet has nothing to finish.
        let must_stop = value.is_some() && !self.said.is_to_be_cancelled();
        // From here on its end is no death.
        self.life.state.lock().asked = true;
        self.stop.ask();
        // Its destructor is the user's: a panic in it goes on when the service has ended.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(value)));
        let panicked = |panic| OneFailure::panicked(self.life.source.subject(), Phase::Exit, panic);
        let panicked = dropped.err().map(|panic| Undelivered::from(panicked(panic)));
        let ended = self.end_by(ladder, must_stop).await;
        let Some(panicked) = panicked else { return ended };
        let failed = |error| OneFailure::from(Error::failed(&self.life.source.subject(), Phase::Exit, error));
        resume_before(panicked.deliver(), ended.err().map(failed).into_iter().collect())
    }

    async fn end_by(&mut self, ladder: ShutdownLadder, must_stop: bool) -> Result<(), BoxError> {
        let ShutdownLadder { stop, cancel, .. } = ladder;
        let (life, subject, request, handle) = (&self.life, &self.subject, &self.stop, &mut self.handle);
        let mut late = None;
        let aborting = handle.abort_handle();
        let cancelling = || {
            let waited = stop.unwrap_or_default();
            if must_stop {
                let progress = request.last_progress();
                late = Some(TaskError::NotStopped { stop: waited, progress });
            } else if stop != Some(Duration::ZERO) {
                // That it had to be cancelled is no failure, but slows every shutdown down.
                let reason = "it did not stop in time when it was asked to";
                event::emit(subject, EventKind::ServiceCancelled { reason });
            }
            // It unwinds (law 13).
            let reason = format!("the service did not stop within {waited:?}");
            life.region
                .cancel(&Cancellation::asked(Some(reason.into()), subject.place));
        };
        let poll_ended = |cx: &mut Context<'_>| poll_unbudgeted(Pin::new(&mut *handle), cx).map(drop);
        let reached = end_by(ladder, poll_ended, cancelling, || aborting.abort()).await;
        match (reached, late) {
            (Reached::Asked, _) | (Reached::Cancelled, None) => life.outcome(),
            // What it did wrong, and what it has to say to that.
            (Reached::Cancelled, Some(late)) => {
                let failed = |error| Error::failed(subject, Phase::Exit, error);
                let Err(own) = life.outcome() else {
                    return Err(late.into());
                };
                let mut error = failed(late.into());
                error.attach([failed(own)]);
                Err(error.into())
            }
            (Reached::Aborted | Reached::Nothing, _) => Err(TaskError::Ignored {
                stop,
                cancel,
                is_gone: reached == Reached::Aborted,
                progress: request.last_progress(),
            }
            .into()),
        }
    }
}

/// It does not outlive what holds it: an exit that is dropped in the middle leaves nothing behind.
impl Drop for Task {
    fn drop(&mut self) {
        self.stop.nobody_asks();
        self.handle.abort();
    }
}

impl ScopedResource for Task {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        self.end(None::<()>, exit).await
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        self.life.source.attach(0, &failing.wire());
    }
}

/// What the task of a service and those who hold it know of one another.
struct ServiceLife {
    source: FailureSource,
    /// The cancel scope it runs in.
    region: Arc<Node>,
    state: Lock<ServiceState>,
    /// For the enter, which alone waits.
    changed: Notify,
}

#[derive(Default)]
struct ServiceState {
    /// Whether its `Ready` was used, or dropped by code that goes on; none as long as neither has happened.
    is_ready: Option<bool>,
    /// It was asked to stop.
    asked: bool,
    /// How it ended then.
    stopped: Option<Result<(), BoxError>>,
}

impl ServiceLife {
    /// What it died of, unless that was told before.
    fn death(&self) -> Option<BoxError> {
        match self.source.failed()? {
            Failed::Died(death) => death.take(),
            Failed::Ended(_) => None,
        }
    }

    /// How it ended, after it did: told once.
    fn outcome(&self) -> Result<(), BoxError> {
        let stopped = self.state.lock().stopped.take();
        stopped.unwrap_or_else(|| self.death().map_or(Ok(()), Err))
    }

    /// Not what it died of after it was ready: who waits for it finds the value.
    fn why_not_ready(&self) -> Option<BoxError> {
        if self.state.lock().is_ready == Some(true) {
            return None;
        }
        let has_let_go = || {
            let state = self.state.lock();
            state.is_ready == Some(false) && state.stopped.is_none()
        };
        let let_go = || (has_let_go() && self.source.failed().is_none()).then(|| TaskError::ReadyDropped.into());
        self.death().or_else(let_go)
    }
}

/// Nobody has asked how it ended, since its exit was dropped in the middle (law 6). That its task was dropped then is no news.
impl Drop for ServiceLife {
    fn drop(&mut self) {
        let Err(error) = self.outcome() else { return };
        if !matches!(error.downcast_ref(), Some(TaskError::Dropped)) {
            untold(Error::failed(&self.source.subject(), Phase::Exit, error));
        }
    }
}

/// The task's own side.
struct ServiceSide {
    life: Arc<ServiceLife>,
    handshake: StartHandshake,
}

impl TaskSide for ServiceSide {
    type TaskValue = ();

    fn polled(&mut self, goes_on: bool, cx: &mut Context<'_>) {
        let Poll::Ready(is_ready) = self.handshake.poll(goes_on, cx) else {
            return;
        };
        self.life.state.lock().is_ready = Some(is_ready);
        if !is_ready {
            self.life.changed.notify_one();
        }
    }

    fn end(self, end: TaskEnd<()>) {
        let life = &*self.life;
        let is_told = |error: &BoxError| life.region.cancellation().is_some_and(|told| is_echo(&**error, &told));
        let result = match end {
            // That it had to be cancelled is no failure.
            TaskEnd::Failed(error) if is_told(&error) => {
                drop_echo(error);
                Ok(())
            }
            TaskEnd::Failed(error) => Err(error),
            TaskEnd::Done(()) | TaskEnd::Stopped(_) => Ok(()),
            TaskEnd::Panicked(panic) => {
                let text = panic_text(&panic).to_owned();
                Err(TaskError::Panicked(TaskFailure::new(text, &life.source.subject())).into())
            }
            TaskEnd::Aborted(_) | TaskEnd::Dropped { .. } => Err(TaskError::Dropped.into()),
        };
        let asked = life.state.lock().asked;
        if asked {
            life.state.lock().stopped = Some(result);
        } else {
            let early = if life.state.lock().is_ready == Some(true) {
                TaskError::EndedEarly
            } else {
                TaskError::NotReady
            };
            let death = Death::new(result.err().unwrap_or_else(|| early.into()));
            life.source.fail(&Failed::Died(death));
        }
        life.changed.notify_one();
    }
}
