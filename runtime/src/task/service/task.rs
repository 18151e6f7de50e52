//! [`Task`]: the spawned task of a service, and the ladder that ends it: ask, cancel, abort.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::life::{Life, ServiceSide};
use super::options::ServiceOptions;
use super::stop::Ask;
use crate::base::cause::Phase;
use crate::base::coop::poll_unbudgeted;
use crate::base::entry::Subject;
use crate::base::panic::Panic;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::error::task_error::TaskError;
use crate::error::{BoxError, Error};
use crate::event::failures::{Failure, Failures, resume_before};
use crate::event::undelivered::Undelivered;
use crate::event::{self, EventKind};
use crate::lifespan::BoxFuture;
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::task::ladder::{Reached, ShutdownLadder, end_by};
use crate::task::ready::StartHandshake;
use crate::task::spawned::Spawned;

/// A resource of its own: held while the service enters, so that however that ends the task is ended too, and part of the
/// service from then on.
pub(super) struct Task {
    life: Arc<Life>,
    ask: Ask,
    /// The cancel scope it runs in.
    region: Arc<Node>,
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
        ask: Ask,
        said: ServiceOptions,
        subject: Subject,
    ) -> Self {
        let life = Arc::new(Life::new(subject.clone()));
        let region = Node::new();
        ask.is_of(&subject);
        let side = ServiceSide::new(Arc::clone(&life), Arc::clone(&region), handshake);
        let handle = runtime.spawn(Spawned::new(Arc::clone(&region), subject.clone(), run, side));
        Task {
            life,
            ask,
            region,
            handle,
            said,
            subject,
        }
    }

    /// Waits until it is clear that it does not become ready.
    pub(super) fn not_ready(&self) -> impl Future<Output = BoxError> + use<'_> {
        self.life.not_ready()
    }

    /// Asks it to stop, then cancels it, then aborts it, each when it has not ended by the end of the step before. What it
    /// was ready with is dropped once it has been asked; without one it was not ready.
    pub(super) async fn end(mut self, value: Option<impl Send>, exit: &Exit) -> Result<(), BoxError> {
        let ladder = self.said.within(exit.remaining());
        // What nobody used yet has nothing to finish.
        let must_stop = value.is_some() && !self.said.is_to_be_cancelled();
        self.life.ask();
        self.ask.ask();
        // Its destructor is the user's: a panic in it goes on when the service has ended.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(value)));
        let panicked = dropped.err().map(|panic| self.panicked(panic));
        let ended = self.end_by(ladder, must_stop).await;
        match panicked {
            None => ended,
            Some(panicked) => resume_before(panicked.deliver(), self.failed(ended)),
        }
    }

    fn panicked(&self, panic: Panic) -> Undelivered {
        Failure::panicked(self.life.source.subject(), Phase::Exit, panic).into()
    }

    fn failed(&self, ended: Result<(), BoxError>) -> Failures {
        let failed = |error| Failure::from(Error::failed(&self.life.source.subject(), Phase::Exit, error));
        ended.err().map(failed).into_iter().collect()
    }

    async fn end_by(&mut self, ladder: ShutdownLadder, must_stop: bool) -> Result<(), BoxError> {
        let ShutdownLadder { stop, cancel, .. } = ladder;
        let Task {
            handle,
            region,
            subject,
            ask,
            ..
        } = self;
        let mut late = None;
        let aborting = handle.abort_handle();
        let poll_ended = |cx: &mut Context<'_>| poll_unbudgeted(Pin::new(&mut *handle), cx).map(drop);
        let cancelling = || {
            if must_stop {
                late = Some(not_stopped(ask, stop));
            } else if stop != Some(Duration::ZERO) {
                tell_cancelled(subject);
            }
            cancel_late(region, subject, stop);
        };
        let reached = end_by(ladder, poll_ended, cancelling, || aborting.abort()).await;
        match reached {
            Reached::Asked => self.life.outcome(),
            Reached::Cancelled => match late {
                Some(late) => Err(self.with(late, self.life.outcome())),
                None => self.life.outcome(),
            },
            Reached::Aborted | Reached::Nothing => Err(TaskError::Ignored {
                stop,
                cancel,
                is_gone: reached == Reached::Aborted,
                progress: self.ask.last_progress(),
            }
            .into()),
        }
    }

    /// What it did wrong, and what it has to say to that.
    fn with(&self, late: TaskError, outcome: Result<(), BoxError>) -> BoxError {
        let Err(own) = outcome else {
            return late.into();
        };
        let failed = |error| Error::failed(&self.subject, Phase::Exit, error);
        let mut error = failed(late.into());
        error.attach([failed(own)]);
        error.into()
    }
}

fn not_stopped(ask: &Ask, stop: Option<Duration>) -> TaskError {
    TaskError::NotStopped {
        stop: stop.unwrap_or_default(),
        progress: ask.last_progress(),
    }
}

/// That it had to be cancelled is no failure, but slows every shutdown down.
fn tell_cancelled(subject: &Subject) {
    let reason = "it did not stop in time when it was asked to";
    event::emit(subject, EventKind::ServiceCancelled { reason });
}

/// Has it unwind (law 13).
fn cancel_late(region: &Arc<Node>, subject: &Subject, after: Option<Duration>) {
    let reason = format!("the service did not stop within {:?}", after.unwrap_or_default());
    region.cancel(&Cancellation::asked(Some(reason.into()), subject.place));
}

/// It does not outlive what holds it: an exit that is dropped in the middle leaves nothing behind.
impl Drop for Task {
    fn drop(&mut self) {
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
