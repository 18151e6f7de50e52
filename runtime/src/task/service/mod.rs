//! [`Service`]: a background task as a resource.
//!
//! [`Starting`] enters it, [`task`] is the spawned task and the ladder that ends it, [`life`] is what both sides know of one
//! another, [`said`] how long each step of the ladder takes; [`Ready`] and [`Stop`]
//! are what the task is given.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::base::entry::Entry;
use crate::error::BoxError;
use crate::error::task_error::TaskError;
use crate::lifespan::send_fn::SendFn2;
use crate::lifespan::{BoxFuture, Lifespan};
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::resource::{AroundEnter, ScopedResource};
use crate::task::ladder::ShutdownLadder;
use crate::task::ready::{Ready, until_ready};

mod called;
mod end;
mod life;
mod said;
mod stop;
mod task;

pub use end::ServiceEnd;
pub use stop::Stop;

use said::{Said, Step};
use task::Task;

/// A background task as a resource: entered when it is ready, asked to stop when its users have ended, and awaited. It
/// dereferences to the value it became ready with.
///
/// ```
/// use lifespan::{Enter, Lifespan, Service};
/// use std::{io, net::SocketAddr};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use tokio::net::{TcpListener, TcpStream};
///
/// fn greeter() -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
///     Service::start(async |ready, stop| -> io::Result<()> {
///         let listener = TcpListener::bind("127.0.0.1:0").await?; // an error before it is ready: that of the enter
///         ready.set(listener.local_addr()?);
///         loop {
///             tokio::select! {
///                 accepted = listener.accept() => accepted?.0.write_all(b"hello").await?, // later: it dies
///                 () = stop.requested() => return Ok(()),
///             }
///         }
///     })
///     .named("greeter")
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> anyhow::Result<()> {
/// let greeting = greeter().scope(async |greeter| -> anyhow::Result<String> {
///     let mut text = String::new();
///     TcpStream::connect(**greeter).await?.read_to_string(&mut text).await?;
///     Ok(text)
/// });
/// assert_eq!(greeting.await?, "hello"); // by now it has stopped
/// # Ok(())
/// # }
/// ```
pub struct Service<T> {
    value: T,
    task: Task,
}

impl<T: Send + 'static> Service<T> {
    /// The life of a task: `run` is spawned when this is entered.
    ///
    /// It is given a [`Ready`], which completes the enter, and a [`Stop`], which tells it when to end; it returns `()` or a
    /// `Result<(), E>`. It runs in a task of its own, and inside of a cancel scope of its own: what is cancelled where it is
    /// entered does not reach it, and its own scopes unwind before it is gone (law 13). Only the value crosses between the
    /// two tasks.
    ///
    /// # How it comes up
    ///
    /// The enter waits for [`ready.set(value)`](Ready::set). If the task fails first, its error is that of the enter. If it
    /// returns, panics, or drops its `Ready`, that is a [`TaskError`]. A task that goes on although the enter has failed,
    /// was cancelled, dropped, or overran its budget is ended as below, and awaited before the scope returns, or else rescued
    /// (law 3); a value that it sets by then is dropped.
    ///
    /// # How it dies
    ///
    /// A service that ends before it was asked to, be it with `Ok`, takes those who use it with it (law 21): the body around
    /// which it is scoped, alone, joined or as a member of something larger, unwinds, its exits are told
    /// [`Failed`](crate::Cause::Failed), and the scope fails with what the service died of. If the body had
    /// ended by itself before it was told, the exit of the service fails instead. An error that the body returned stays primary
    /// (law 23), unless it only tells of the death. In a guard nobody is told; the death is the error of the
    /// exit.
    ///
    /// # How it ends
    ///
    /// Its exit, whatever the cause, asks it to stop and then drops the value, so that a service that works off a queue sees
    /// that closed. An error that it returns from then on is that of the exit.
    ///
    /// The budget of the exit (the field's, or [`exit_timeout`](Lifespan::exit_timeout); ten seconds if nothing is said) is what it may
    /// take to stop, but for the last fifth, at most 5 s. Then its cancel scope is cancelled, so that it unwinds, and the exit fails
    /// with [`TaskError::NotStopped`], which has the last text of [`Stop::progress`]: what it was at may be half done. If it does
    /// not unwind either, it is aborted, and the exit fails with [`TaskError::Ignored`].
    ///
    /// A service that is ended by cancelling it says so: it returns `!`, or is described with
    /// [`stop_by_cancelling`](Lifespan::stop_by_cancelling). It is cancelled as soon as it is asked to stop, and that is no failure
    /// if it unwinds. Nor is it one of a service that was not ready yet, which is [reported](crate::event::EventKind::ServiceCancelled).
    ///
    /// [`stop_timeout`](Lifespan::stop_timeout) and [`cancel_timeout`](Lifespan::cancel_timeout) say how long each step takes. If the
    /// exit has less time than its steps, each gets its share.
    ///
    /// # Errors
    ///
    /// To enter: as above, and if no tokio runtime runs where it is entered.
    ///
    /// # Cancel safety
    ///
    /// `run` is never dropped in the middle, unless it has ignored the request to stop, its exit is dropped in the middle
    /// (law 6), or the runtime shuts down; that counts as a death.
    #[track_caller]
    pub fn start<O, F>(run: F) -> Lifespan<Service<T>, Starting<T>>
    where
        F: AsyncFnOnce(Ready<T>, Stop) -> O + SendFn2<Ready<T>, Stop, O, Future: 'static> + Send + 'static,
        O: ServiceEnd,
    {
        Lifespan::of(Starting::new(run))
    }
}

/// How a service ends.
impl<T: Send + 'static> Lifespan<Service<T>, Starting<T>> {
    /// Says that the service does not listen to its [`Stop`], and is ended by cancelling it: that is done as soon as it is to stop,
    /// and is no failure if it unwinds. One that returns `!` does not have to say so.
    ///
    /// ```
    /// use lifespan::{Enter, Lifespan, Service};
    /// use std::time::Duration;
    ///
    /// fn heartbeat() -> Lifespan<Service<()>, impl Enter<Service<()>>> {
    ///     Service::start(async |ready, _| -> std::io::Result<()> {
    ///         ready.set(());
    ///         loop {
    ///             std::fs::metadata(".")?;
    ///             tokio::time::sleep(Duration::from_secs(1)).await;
    ///         }
    ///     })
    ///     .stop_by_cancelling()
    /// }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// heartbeat().scope_ok(async |_| ()).await // at once
    /// # }
    /// ```
    pub fn stop_by_cancelling(mut self) -> Self {
        self.enter_mut().said_mut().by_cancelling = true;
        self
    }

    /// How long the service may take to end after it was asked to stop, before it is cancelled. If only the other step is said, 5 s;
    /// if neither is, the [budget of the exit](Service::start).
    ///
    /// Zero cancels it at once, as [`stop_by_cancelling`](Self::stop_by_cancelling) does. `None` waits for ever. The
    /// [exit timeout](Lifespan::exit_timeout) becomes the sum of both steps and two seconds.
    ///
    /// Not behind `impl Enter`, nor boxed: a function whose callers are to have this method returns
    /// `Lifespan<Service<T>, Starting<T>>`. As a member of a [`lifespan`](macro@crate::lifespan), the field has to allow the
    /// time: `#[exit(timeout = "70s")]`.
    pub fn stop_timeout(mut self, budget: impl Into<Option<Duration>>) -> Self {
        let said = self.enter_mut().said_mut();
        said.stop = Step::Of(budget.into());
        let all = said.steps().and_then(ShutdownLadder::exit_budget);
        self.exit_timeout(all)
    }

    /// How long the service may take to unwind after it was cancelled, before it is aborted. If only the other step is said, 3 s.
    ///
    /// Zero aborts it at once, `None` waits for ever; the exit timeout follows as for [`stop_timeout`](Self::stop_timeout).
    pub fn cancel_timeout(mut self, budget: impl Into<Option<Duration>>) -> Self {
        let said = self.enter_mut().said_mut();
        said.cancel = Step::Of(budget.into());
        let all = said.steps().and_then(ShutdownLadder::exit_budget);
        self.exit_timeout(all)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> ScopedResource for Service<T> {
    // Written out, so that no bound on what the task does is looked for where this future must be `Send`.
    fn exit(self, exit: &Exit) -> impl Future<Output = Result<(), BoxError>> + Send {
        let Service { value, task } = self;
        task.end(Some(value), exit)
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        ScopedResource::__failure(&self.task, failing);
    }

    const __AROUND_ENTER: Option<AroundEnter> = Some(called::entering);
}

impl<T> Deref for Service<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Service<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Service").field(&self.value).finish()
    }
}

/// The enter of a [`Service`]; made by [`Service::start`]. Its [`Lifespan`] can be told how the service
/// [ends](Lifespan::stop_timeout); [boxed](Lifespan::boxed), no longer.
#[must_use = "nothing is spawned until its lifespan is scoped or entered"]
pub struct Starting<T>(Stage<T>);

enum Stage<T> {
    Unbegun(Option<Start<T>>),
    /// Boxed, as the task is anyway.
    Begun(BoxFuture<'static, Result<Service<T>, BoxError>>),
}

/// What there is to spawn.
struct Start<T> {
    run: Run<T>,
    said: Said,
    place: &'static Location<'static>,
}

type Run<T> = Box<dyn FnOnce(Ready<T>, Stop) -> BoxFuture<'static, Result<(), BoxError>> + Send>;

impl<T: Send + 'static> Starting<T> {
    #[track_caller]
    fn new<O, F>(run: F) -> Self
    where
        F: AsyncFnOnce(Ready<T>, Stop) -> O + SendFn2<Ready<T>, Stop, O, Future: 'static> + Send + 'static,
        O: ServiceEnd,
    {
        // Called in the task, so that a panic of it is one of the task.
        let run: Run<T> = Box::new(|ready, stop| Box::pin(async { run(ready, stop).await.__into_result() }));
        Starting(Stage::Unbegun(Some(Start {
            run,
            said: Said {
                by_cancelling: O::__by_cancelling(),
                ..Said::default()
            },
            place: Location::caller(),
        })))
    }

    fn said_mut(&mut self) -> &mut Said {
        match &mut self.0 {
            Stage::Unbegun(Some(start)) => &mut start.said,
            _ => unreachable!("a lifespan is configured before it is entered"),
        }
    }
}

impl<T: Send + 'static> Start<T> {
    /// How it is entered; where nobody says so, as its type is.
    fn entry(&self) -> Entry {
        called::here().unwrap_or_else(|| {
            let policy = <Service<T> as ScopedResource>::policy();
            let policy = match self.said.steps() {
                Some(steps) => policy.exit_timeout(steps.exit_budget()),
                None => policy,
            };
            Entry::new(policy, self.place)
        })
    }

    async fn enter(self, entry: Entry) -> Result<Service<T>, BoxError> {
        let Start { run, said, .. } = self;
        let runtime = Handle::try_current().map_err(|_| TaskError::NoRuntime)?;
        let (ready, value, handshake) = Ready::new();
        let (ask, stop) = Stop::new();
        let (subject, place) = (entry.subject(), entry.place);
        let spawn = async { Task::spawn(&runtime, run(ready, stop), handshake, ask, said, subject) };
        let entry = Entry {
            parts: None,
            policy: entry.policy.enter_timeout(None),
            place,
        };
        let task = Lifespan::described(spawn, entry);
        // In a guard: if this future fails or is dropped, whoever polls it adopts the task's end, or it is rescued (law 3).
        let task = task.enter_at(place).await?;
        let value = until_ready(value, task.not_ready()).await?;
        let (task, _) = task.into_held().into_parts();
        Ok(Service { value, task })
    }
}

impl<T: Send + 'static> Future for Starting<T> {
    type Output = Result<Service<T>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Stage::Unbegun(start) = &mut self.0 {
            let Some(start) = start.take() else {
                unreachable!("it is begun in the same poll")
            };
            let entry = start.entry();
            self.0 = Stage::Begun(Box::pin(start.enter(entry)));
        }
        match &mut self.0 {
            Stage::Begun(entering) => entering.as_mut().poll(cx),
            Stage::Unbegun(_) => unreachable!("it has just begun"),
        }
    }
}

/// Nothing of it is pinned but what is in a box.
impl<T> Unpin for Starting<T> {}

impl<T> fmt::Debug for Starting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starting").finish_non_exhaustive()
    }
}
