//! [`Task`]: the spawned task of a service, and the ladder that ends it: ask, cancel, abort.

use std::error::Error as StdError;
use std::future::{Future, Pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::error::ServiceError;
use super::life::{Life, Living};
use super::said::Said;
use super::steps::Steps;
use super::stop::Ask;
use crate::base::budget::Budget;
use crate::base::cause::Phase;
use crate::base::coop::poll_unbudgeted;
use crate::base::entry::Subject;
use crate::base::panic::{Panic, panic_text};
use crate::base::timer::Timer;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::cancel_scope::{Alarm, Branch};
use crate::error::of_cancellation::is_echo;
use crate::error::{BoxError, Error};
use crate::lifespan::BoxFuture;
use crate::report::failures::{Failure, Failures, drop_echo, resume_before};
use crate::report::undelivered::Undelivered;
use crate::report::{self, Report, ReportKind};
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::scope::driven::Outcome;

/// How long an aborted task is waited for, even if no time is left.
const MOMENT: Duration = Duration::from_millis(10);

/// A resource of its own: held while the service enters, so that however that ends the task is ended too, and part of the
/// service from then on.
pub(super) struct Task {
    life: Arc<Life>,
    ask: Ask,
    /// The cancel scope it runs in.
    node: Arc<Node>,
    handle: JoinHandle<()>,
    said: Said,
    /// As it is entered.
    subject: Subject,
}

impl Task {
    /// `set` tells what became of its `Ready`.
    pub(super) fn spawn(
        runtime: &Handle,
        run: BoxFuture<'static, Result<(), BoxError>>,
        set: oneshot::Receiver<()>,
        ask: Ask,
        said: Said,
        subject: Subject,
    ) -> Self {
        let life = Arc::new(Life::new(subject.clone()));
        let node = Node::new();
        node.call(|| subject.clone());
        let body = Branch::new(Arc::clone(&node), Alarm::none(), run);
        let living = Living::new(Arc::clone(&life));
        let handle = runtime.spawn(live(living, Arc::clone(&node), body, set));
        Task {
            life,
            ask,
            node,
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
        let steps = self.said.within(exit.remaining());
        // What nobody used yet has nothing to finish.
        let must_stop = value.is_some() && !self.said.is_to_be_cancelled();
        self.life.ask();
        self.ask.ask();
        // Its destructor is the user's: a panic in it goes on when the service has ended.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(value)));
        let panicked = dropped.err().map(|panic| self.panicked(panic));
        let ended = self.end_by_steps(steps, must_stop).await;
        match panicked {
            None => ended,
            Some(panicked) => resume_before(panicked.deliver(), self.failed(ended)),
        }
    }

    fn panicked(&self, panic: Panic) -> Undelivered {
        Failure::panicked(self.life.subject(), Phase::Exit, panic).into()
    }

    fn failed(&self, ended: Result<(), BoxError>) -> Failures {
        let failed = |error| Failure::from(Error::failed(&self.life.subject(), Phase::Exit, error));
        ended.err().map(failed).into_iter().collect()
    }

    async fn end_by_steps(&mut self, steps: Steps, must_stop: bool) -> Result<(), BoxError> {
        let Steps { stop, cancel, abort } = steps;
        if self.ends_within(stop).await {
            return self.life.outcome();
        }
        let late = must_stop.then(|| self.not_stopped(stop));
        if late.is_none() && stop != Some(Duration::ZERO) {
            self.tell_cancelled();
        }
        self.cancel(stop);
        if self.ends_within(cancel).await {
            let outcome = self.life.outcome();
            return match late {
                Some(late) => Err(self.with(late, outcome)),
                None => outcome,
            };
        }
        self.handle.abort();
        // A moment in any case: what does not block its thread is gone by then.
        let is_gone = self.ends_within(Some(abort.max(MOMENT))).await;
        Err(ServiceError::Ignored {
            stop,
            cancel,
            is_gone,
            progress: self.ask.last_progress(),
        }
        .into())
    }

    fn not_stopped(&self, stop: Option<Duration>) -> ServiceError {
        ServiceError::NotStopped {
            stop: stop.unwrap_or_default(),
            progress: self.ask.last_progress(),
        }
    }

    /// What it did wrong, and what it has to say to that.
    fn with(&self, late: ServiceError, outcome: Result<(), BoxError>) -> BoxError {
        let Err(own) = outcome else {
            return late.into();
        };
        let failed = |error| Error::failed(&self.subject, Phase::Exit, error);
        let mut error = failed(late.into());
        error.attach([failed(own)]);
        error.into()
    }

    /// That it had to be cancelled is no failure, but slows every shutdown down.
    fn tell_cancelled(&self) {
        let reason = "it did not stop in time when it was asked to";
        let report = Report::about(ReportKind::Cancelled, &self.subject, reason);
        report::send(&report);
    }

    /// Has it unwind (law 13).
    fn cancel(&self, after: Option<Duration>) {
        let reason = format!("the service did not stop within {:?}", after.unwrap_or_default());
        let cancellation = Cancellation::asked(Some(reason.into()), self.subject.place);
        self.node.cancel(&cancellation);
    }

    async fn ends_within(&mut self, time: Option<Duration>) -> bool {
        if time == Some(Duration::ZERO) {
            return self.handle.is_finished();
        }
        let mut timer = pin!(Timer::new(time.and_then(Budget::new)));
        poll_fn(|cx| match poll_unbudgeted(Pin::new(&mut self.handle), cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending => timer.as_mut().poll_reached(cx).map(|()| false),
        })
        .await
    }
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
        self.life.attach(failing.wire());
    }
}

/// What it runs, in its node.
type Body = Branch<BoxFuture<'static, Result<(), BoxError>>, Result<(), BoxError>, Pending<()>>;

/// The task itself.
async fn live(mut living: Living, node: Arc<Node>, body: Body, mut set: oneshot::Receiver<()>) {
    let mut body = pin!(body);
    let mut is_open = true;
    let outcome = poll_fn(|cx| {
        let outcome = body.as_mut().poll(cx);
        if is_open {
            // The body may have spent the budget: that it was set must be seen in this poll, and that it was dropped, at all.
            if let Poll::Ready(set) = poll_unbudgeted(Pin::new(&mut set), cx) {
                is_open = false;
                // What has ended says more than that it let go of its `Ready`.
                if set.is_ok() || outcome.is_pending() {
                    living.ready(set.is_ok());
                }
            }
        }
        outcome
    })
    .await;
    living.end(match outcome {
        // That it had to be cancelled is no failure.
        Outcome::Done(Err(error)) if is_echo_in(&*error, &node) => {
            drop_echo(error);
            Ok(())
        }
        Outcome::Done(result) => result,
        Outcome::Stopped(_) => Ok(()),
        Outcome::Panicked(panic) => Err(ServiceError::Panicked(panic_text(&panic).into()).into()),
    });
}

fn is_echo_in(error: &(dyn StdError + 'static), node: &Node) -> bool {
    let cancellation = node.cancellation();
    cancellation.is_some_and(|cancellation| is_echo(error, &cancellation))
}
