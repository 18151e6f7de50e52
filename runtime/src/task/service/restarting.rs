//! [`Service::restarting`]: a service that is run again when it fails, and [`Current`], what its users have of it meanwhile.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, timeout};

use super::{Service, ServiceEnd, ServiceOptions, Stop};
use crate::base::cause::Phase;
use crate::base::coop::poll_unbudgeted;
use crate::base::panic::{caught, panic_text};
use crate::base::timer;
use crate::cancel::current;
use crate::cancel_scope::CancelScope;
use crate::error::BoxError;
use crate::error::task_error::{TaskError, TaskFailure};
use crate::event;
use crate::lifespan::{BoxFuture, Lifespan};
use crate::resource::enter::Enter;
use crate::task::ready::Ready;

/// What users have of a service that [restarts](Service::restarting): a value while a run is up, another one for each run, and none as
/// soon as it has ended or was asked to stop.
pub struct Current<T>(watch::Receiver<Option<Arc<T>>>);

impl<T> Current<T> {
    /// The value of the run that is up, or `None` if none is.
    #[must_use]
    pub fn now(&self) -> Option<Arc<T>> {
        self.0.borrow().clone()
    }

    /// Waits until a run is up. `None` if the service has ended, so that none will be.
    ///
    /// # Cancel safety
    ///
    /// It only waits: nothing is lost if it is dropped.
    pub async fn up(&self) -> Option<Arc<T>> {
        let mut values = self.0.clone();
        // Without a budget, which the caller may have spent.
        let value = unconstrained(values.wait_for(Option::is_some)).await.ok()?;
        value.clone()
    }
}

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Current(self.0.clone())
    }
}

impl<T> fmt::Debug for Current<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_up = self.0.borrow().is_some();
        f.debug_struct("Current").field("is_up", &is_up).finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> Service<Current<T>> {
    /// A service that is run again when it fails: when it returns before it was asked to stop, or panics.
    ///
    /// `wait` is called with the error of a failed run and with how long that run took. It returns the delay before the next run, or
    /// `None` to give up. Only when it gives up, the service has failed, and its users unwind ([law 21]). Until then they go on. They
    /// have a [`Current`], whose value is gone while no run is up.
    ///
    /// Each run is as one of [`Service::start`], with a [`Ready`] of its own and the same [`Stop`], and in a cancel scope of its own: what
    /// it leaves behind has exited before the next one begins. The first that is ready completes the enter; those that fail before count
    /// as well. If a run does not look at its `Stop`, [`ServiceOptions::stop_by_cancelling`](ServiceOptions::stop_by_cancelling) before
    /// [`restarting`](ServiceOptions::restarting) ends it. Each failure that is followed by another run is an event of the level warning,
    /// [`EventKind::Retrying`](crate::event::EventKind::Retrying).
    ///
    /// # Errors
    ///
    /// To enter: the error of the last run, if `wait` gives up before one was ready; else those of [`Service::start`].
    ///
    /// # Cancel safety
    ///
    /// A run is never dropped in the middle, except where [`Service::start`] says so: it has ignored the request to stop, the exit is
    /// dropped in the middle, or the runtime shuts down.
    ///
    /// ```
    /// use lifespan::task::Current;
    /// use lifespan::{Enter, Service};
    /// use std::time::Duration;
    ///
    /// type Feed = Service<Current<u32>>;
    ///
    /// fn feed() -> lifespan::Lifespan<Feed, impl Enter<Feed>> {
    ///     let mut failures = 0;
    ///     let wait = move |_error: &lifespan::BoxError, ran: Duration| {
    ///         let is_healthy = ran > Duration::from_secs(60);
    ///         failures = if is_healthy { 1 } else { failures + 1 };
    ///         (failures <= 3).then(|| Duration::from_millis(100) * failures)
    ///     };
    ///     let mut run = 0;
    ///     Service::restarting(wait, move |ready, stop| {
    ///         run += 1;
    ///         async move {
    ///             ready.set(run); // a connection, say
    ///             if run == 1 {
    ///                 return Err(std::io::Error::other("connection reset"));
    ///             }
    ///             stop.requested().await;
    ///             Ok(())
    ///         }
    ///     })
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), lifespan::Error> {
    /// # lifespan::event::print_warnings(false);
    /// let seen = feed().scope_ok(async |feed| feed.up().await).await?;
    /// assert_eq!(seen.as_deref(), Some(&2));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [law 21]: crate::guide::guarantees#law-21
    #[track_caller]
    pub fn restarting<O, F, Run, W>(
        wait: W,
        run: F,
    ) -> Lifespan<Service<Current<T>>, impl Enter<Service<Current<T>>> + Send + use<T, O, F, Run, W>>
    where
        W: FnMut(&BoxError, Duration) -> Option<Duration> + Send + 'static,
        F: FnMut(Ready<T>, Stop) -> Run + Send + 'static,
        Run: Future<Output = O> + Send + 'static,
        O: ServiceEnd,
    {
        ServiceOptions::new().restarting(wait, run)
    }
}

impl ServiceOptions {
    /// The life of a task that is run again when it fails, as [`Service::restarting`] gives it, which has its errors and its cancel
    /// safety.
    #[track_caller]
    pub fn restarting<T, O, F, Run, W>(
        self,
        wait: W,
        mut run: F,
    ) -> Lifespan<Service<Current<T>>, impl Enter<Service<Current<T>>> + Send + use<T, O, F, Run, W>>
    where
        T: Send + Sync + 'static,
        W: FnMut(&BoxError, Duration) -> Option<Duration> + Send + 'static,
        F: FnMut(Ready<T>, Stop) -> Run + Send + 'static,
        Run: Future<Output = O> + Send + 'static,
        O: ServiceEnd,
    {
        let run = move |ready, stop| -> BoxFuture<'static, _> {
            let run = run(ready, stop);
            Box::pin(async { run.await.__into_result() })
        };
        let runs = RestartLoop { wait: Box::new(wait), run: Box::new(run) };
        self.or_by_cancelling(O::__by_cancelling())
            .start(async move |ready, stop| runs.all(ready, stop).await)
    }
}

type Wait = Box<dyn FnMut(&BoxError, Duration) -> Option<Duration> + Send>;
type RunAgain<T> = Box<dyn FnMut(Ready<T>, Stop) -> BoxFuture<'static, Result<(), BoxError>> + Send>;

struct RestartLoop<T> {
    wait: Wait,
    run: RunAgain<T>,
}

/// What users see of a run.
struct RunValues<T> {
    values: watch::Sender<Option<Arc<T>>>,
    /// Until the first is up.
    ready: Option<(Ready<Current<T>>, Current<T>)>,
}

impl<T: Send + Sync + 'static> RestartLoop<T> {
    async fn all(mut self, ready: Ready<Current<T>>, stop: Stop) -> Result<(), BoxError> {
        let (values, current) = watch::channel(None);
        let ready = Some((ready, Current(current)));
        let mut values = RunValues { values, ready };
        let mut attempt = 1;
        loop {
            let began = Instant::now();
            let ended = self.one(&mut values, &stop).await;
            values.clear();
            if stop.is_requested() || current::cancellation().is_some() {
                return ended;
            }
            let failed = ended.err().unwrap_or_else(|| TaskError::EndedEarly.into());
            let after = (self.wait)(&failed, began.elapsed());
            let Some(after) = after.filter(|_| timer::works()) else {
                return Err(failed);
            };
            let phase = if values.ready.is_some() { Phase::Enter } else { Phase::Body };
            event::retrying(stop.service(), phase, attempt, failed, after);
            attempt += 1;
            if timeout(after, stop.requested()).await.is_ok() {
                return Ok(());
            }
        }
    }

    /// One run, in a cancel scope, so that nothing of it is left when it has ended.
    async fn one(&mut self, values: &mut RunValues<T>, stop: &Stop) -> Result<(), BoxError> {
        let (ready, value, _) = Ready::new();
        let scope = CancelScope::untold("run", stop.service().place);
        let canceller = scope.canceller();
        let mut run = pin!(scope.run(async { (self.run)(ready, stop.clone()).await }));
        let (mut value, mut is_dropped) = (Some(value), false);
        let mut asked = pin!(Some(stop.requested()));
        let ended = poll_fn(|cx| {
            // The value goes first, so that a run which works off a queue sees that closed.
            if asked
                .as_mut()
                .as_pin_mut()
                .is_some_and(|asked| asked.poll(cx).is_ready())
            {
                asked.set(None);
                values.clear();
            }
            let mut polled = Poll::Pending;
            if let Err(panic) = caught(&mut || polled = run.as_mut().poll(cx)) {
                let failure = TaskFailure::new(panic_text(&panic).to_owned(), stop.service());
                return Poll::Ready(Err(TaskError::Panicked(failure).into()));
            }
            let set = value.as_mut().map(|value| poll_unbudgeted(Pin::new(value), cx));
            if let Some(Poll::Ready(set)) = set {
                value = None;
                match set {
                    // One that is to stop need not come up any more.
                    _ if stop.is_requested() => {}
                    Ok(set) => values.set(set),
                    // It went on without; a run that has ended says more.
                    Err(_) if polled.is_pending() => {
                        is_dropped = true;
                        canceller.cancel_because("it dropped its `Ready`");
                        cx.waker().wake_by_ref();
                    }
                    Err(_) => {}
                }
            }
            polled.map(|outcome| outcome.returned().map_err(BoxError::from).and_then(|ended| ended))
        })
        .await;
        if is_dropped { Err(TaskError::ReadyDropped.into()) } else { ended }
    }
}

impl<T> RunValues<T> {
    fn clear(&self) {
        self.values.send_replace(None);
    }

    fn set(&mut self, value: T) {
        self.values.send_replace(Some(Arc::new(value)));
        if let Some((ready, current)) = self.ready.take() {
            ready.set(current);
        }
    }
}

/// Also when the task is aborted: nobody sees a value of a run that is gone.
impl<T> Drop for RunValues<T> {
    fn drop(&mut self) {
        self.clear();
    }
}
