//! [`Service::start`]: the enter of a service, which spawns its task, and waits until that is ready.

use std::panic::Location;

use tokio::runtime::Handle;

use super::task::Task;
use super::{Service, ServiceEnd, ServiceOptions, Stop};
use crate::base::called;
use crate::base::entry::Entry;
use crate::error::BoxError;
use crate::error::task_error::TaskError;
use crate::lifespan::send_fn::SendFn2;
use crate::lifespan::{BoxFuture, Lifespan};
use crate::resource::ScopedResource;
use crate::resource::enter::Enter;
use crate::task::ready::{Ready, until_ready};

type ServiceRun<T> = Box<dyn FnOnce(Ready<T>, Stop) -> BoxFuture<'static, Result<(), BoxError>> + Send>;

impl<T: Send + 'static> Service<T> {
    /// The life of a task: `run` is spawned when this is entered.
    ///
    /// It is given a [`Ready`], which completes the enter, and a [`Stop`], which tells it when to end; it returns `()` or a
    /// `Result<(), E>`. It runs in a task of its own, and inside of a cancel scope of its own: what is cancelled where it is
    /// entered does not reach it, and its own scopes unwind before it is gone ([law 13]). Only the value crosses between the
    /// two tasks.
    ///
    /// # How it comes up
    ///
    /// The enter waits for [`ready.set(value)`](Ready::set). If the task fails first, its error is that of the enter. If it
    /// returns, panics, or drops its `Ready`, that is a [`TaskError`]. A task that goes on although the enter has failed,
    /// was cancelled, dropped, or overran its budget is ended as below, and awaited before the scope returns, or else rescued
    /// ([law 3]); a value that it sets by then is dropped.
    ///
    /// # How it fails
    ///
    /// A service that ends before it was asked to, even with `Ok`, has failed, and cancels the body of its scope ([law 21]), whether it
    /// is scoped alone, joined or as a member of something larger. That body unwinds, its exits are told
    /// [`Failed`](crate::Cause::Failed), and the scope returns the failure of the service. If the body had
    /// ended before it observed that, the exit of the service fails instead. An error that the body returned stays primary
    /// ([law 23]), unless it is only a consequence of that failure. In a guard no body is cancelled; the failure is the error of
    /// the exit.
    ///
    /// # How it ends
    ///
    /// Its exit, whatever the cause, asks it to stop and then drops the value, so that a service that works off a queue sees
    /// that closed. An error that it returns from then on is that of the exit.
    ///
    /// The budget of the exit (the field's, or [`exit_timeout`](Lifespan::exit_timeout); ten seconds by default) is what it may
    /// take to stop, but for the last fifth, at most 5 s. Then its cancel scope is cancelled, so that it unwinds, and the exit fails
    /// with [`TaskError::NotStopped`], which has the last text of [`Stop::progress`]: what it was at may be half done. If it does
    /// not unwind either, it is aborted, and the exit fails with [`TaskError::Ignored`].
    ///
    /// A service that is ended by cancelling it says so: it returns `!`, or is described with
    /// [`stop_by_cancelling`](ServiceOptions::stop_by_cancelling). It is cancelled as soon as it is asked to stop, and that is no failure
    /// if it unwinds. Nor is it one of a service that was not ready yet, which is [reported](crate::event::EventKind::ServiceCancelled).
    ///
    /// [`stop_timeout`](ServiceOptions::stop_timeout) and [`cancel_timeout`](ServiceOptions::cancel_timeout) say how long each step
    /// takes. If the exit has less time than its steps, each gets its share.
    ///
    /// # Errors
    ///
    /// To enter: as above, and if no tokio runtime runs where it is entered.
    ///
    /// # Cancel safety
    ///
    /// `run` is never dropped in the middle, unless it has ignored the request to stop, its exit is dropped in the middle
    /// ([law 6]), or the runtime shuts down.
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    /// [law 6]: crate::guide::guarantees#law-6
    /// [law 13]: crate::guide::guarantees#law-13
    /// [law 21]: crate::guide::guarantees#law-21
    /// [law 23]: crate::guide::guarantees#law-23
    #[track_caller]
    #[doc(alias = "new")]
    #[doc(alias = "spawn")]
    pub fn start<O, F>(run: F) -> Lifespan<Service<T>, impl Enter<Service<T>> + Send + use<T, O, F>>
    where
        F: AsyncFnOnce(Ready<T>, Stop) -> O + SendFn2<Ready<T>, Stop, O, Future: 'static> + Send + 'static,
        O: ServiceEnd,
    {
        ServiceOptions::new().start(run)
    }
}

impl ServiceOptions {
    /// The life of a task, as [`Service::start`] gives it, which has its errors and its cancel safety.
    #[track_caller]
    pub fn start<T, O, F>(self, run: F) -> Lifespan<Service<T>, impl Enter<Service<T>> + Send + use<T, O, F>>
    where
        T: Send + 'static,
        F: AsyncFnOnce(Ready<T>, Stop) -> O + SendFn2<Ready<T>, Stop, O, Future: 'static> + Send + 'static,
        O: ServiceEnd,
    {
        let (place, options) = (Location::caller(), self.or_by_cancelling(O::__by_cancelling()));
        // Called in the task, so that a panic of it is one of the task.
        let run: ServiceRun<T> = Box::new(|ready, stop| Box::pin(async { run(ready, stop).await.__into_result() }));
        Lifespan::described(entered(run, options, place), entry::<T>(options, place).told())
    }
}

/// Boxed where it begins, as the task is anyway.
async fn entered<T: Send + 'static>(
    run: ServiceRun<T>,
    options: ServiceOptions,
    place: &'static Location<'static>,
) -> Result<Service<T>, BoxError> {
    let entry = called::here().unwrap_or_else(|| entry::<T>(options, place));
    let entering: BoxFuture<'static, _> = Box::pin(enter(run, options, entry));
    entering.await
}

/// How it is entered if nobody says more.
fn entry<T: Send + 'static>(options: ServiceOptions, place: &'static Location<'static>) -> Entry {
    let policy = <Service<T> as ScopedResource>::policy();
    let policy = match options.steps() {
        Some(steps) => policy.exit_timeout(steps.exit_budget()),
        None => policy,
    };
    Entry::new(policy, place)
}

async fn enter<T: Send + 'static>(
    run: ServiceRun<T>,
    options: ServiceOptions,
    entry: Entry,
) -> Result<Service<T>, BoxError> {
    let runtime = Handle::try_current().map_err(|_| TaskError::NoRuntime)?;
    let (ready, value, handshake) = Ready::new();
    let (subject, place) = (entry.subject(), entry.place);
    let stop = Stop::new(subject.clone(), runtime.id());
    let spawn = async { Task::spawn(&runtime, run(ready, stop.clone()), handshake, stop, options, subject) };
    let entry = Entry { policy: entry.policy.clone().enter_timeout(None), ..entry.alone() };
    let task = Lifespan::described(spawn, entry);
    // In a guard: if this future fails or is dropped, whoever polls it adopts the task's end, or it is rescued (law 3).
    let task = task.enter_at(place).await?;
    let value = until_ready(value, task.not_ready()).await?;
    let (task, _) = task.into_held().into_parts();
    Ok(Service { value, task })
}
