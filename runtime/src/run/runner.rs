//! [`Runner`]: how an application is run: what it says, how long it drains, and who may ask it to end.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};

use super::commentary::Commentary;
use super::course::Course;
use super::ending::{self, Ended};
use super::handle::RunHandle;
use super::listener;
use super::stage::Stage;
use crate::base::coop::poll_unbudgeted;
use crate::base::entry::Subject;
use crate::base::panic::rendered_by;
use crate::base::run_state::RunState;
use crate::cancel_scope::CancelScope;
use crate::error::Error;
use crate::lifespan::Lifespan;
#[cfg(feature = "compose")]
use crate::plan::graph::What;
use crate::resource::LocalResource;
use crate::resource::body::Failure;
use crate::resource::enter::Enter;
use crate::scope::caught::caught;

/// How long a runtime that ends waits for what blocks its threads.
const BLOCKED_FOR: Duration = Duration::from_secs(1);

/// How an application is run. [`Lifespan::run`] is that of `Runner::new()`.
///
/// ```no_run
/// use lifespan::Lifespan;
/// use lifespan::run::{Commentary, RunHandle, Runner};
/// use std::time::Duration;
///
/// # async fn bind(_: RunHandle) -> std::io::Result<tokio::net::TcpListener> { tokio::net::TcpListener::bind("[::1]:0").await }
/// # #[tokio::main] async fn main() -> Result<(), lifespan::Error> {
/// let runner = Runner::new()
///     // At SIGTERM it serves on for so long, and is not ready:
///     .drain_for(Duration::from_secs(10))
///     .commentary(Commentary::new().everything(true));
/// let listener = bind(runner.handle());
/// let server = Lifespan::new(listener, async |_, _| ()).named("server");
/// runner.run(server).await
/// # }
/// ```
///
/// # Draining
///
/// A process that an orchestrator stops gets new requests for some seconds after its SIGTERM, until all load balancers have noticed
/// the stop. With a time to drain, the first SIGTERM only makes the run [draining](RunState::Draining): its readiness says no,
/// [services](crate::Service) hear of it, and everything serves on. When that time is over, or no
/// [serving](RunHandle::serving) token is left, the run stops.
///
/// | it is | SIGTERM | SIGINT |
/// |---|---|---|
/// | starting | cancels that | cancels that |
/// | ready, with a time to drain | it drains | the body ends |
/// | ready, without one | the body ends | the body ends |
/// | draining | the body ends | the body ends |
/// | stopping after a signal | ends the waiting | ends the waiting |
/// | no longer waiting | ends the process | ends the process |
///
/// If a run stops because its body has ended, or because a [handle](RunHandle) has asked for it, it counts its first signal as obeyed
/// already.
#[must_use = "it does nothing by itself: `run` a lifespan with it"]
pub struct Runner {
    commentary: Commentary,
    stage: Unrun,
}

impl Runner {
    /// A runner with the defaults, which are those of [`Lifespan::run`].
    #[allow(clippy::new_without_default, reason = "as the other options of this crate")]
    pub fn new() -> Self {
        Runner { commentary: Commentary::new(), stage: Unrun(Some(Arc::new(Stage::new()))) }
    }

    /// What the run says of itself, and where.
    pub fn commentary(self, commentary: Commentary) -> Self {
        Runner { commentary, ..self }
    }

    /// How long it serves on after the first SIGTERM; not at all by default. A time that no clock can hold means until all that
    /// [serves](RunHandle::serving) is idle, or the next signal.
    ///
    /// It comes before the exits, so that both must fit into the time that an orchestrator grants: see
    /// [`Plan::fits`](crate::Plan::fits).
    ///
    /// # Panics
    ///
    /// If it is zero: without this, the run stops at the first SIGTERM.
    #[track_caller]
    pub fn drain_for(self, time: Duration) -> Self {
        assert!(
            !time.is_zero(),
            "a time to drain of zero is none\nhelp: leave `drain_for` out, and the run stops at the first SIGTERM"
        );
        self.stage.get().drains_for(time);
        self
    }

    /// A handle that reads how far the run has come, and asks it to end.
    #[must_use]
    pub fn handle(&self) -> RunHandle {
        RunHandle::new(self.stage.get())
    }

    /// Runs a lifespan until it is asked to end, as [`Lifespan::run`] does.
    ///
    /// # Errors
    ///
    /// Those of [`Lifespan::run`]: whenever something was not entered and exited cleanly. If it has a time to drain, also on a
    /// runtime without a time driver, before anything is entered.
    ///
    /// # Panics
    ///
    /// With the panic of the enter or of an exit, if nothing else failed, and outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// That of [`Lifespan::run`].
    #[must_use = "nothing is entered until this is awaited"]
    #[track_caller]
    pub fn run<R: LocalResource, F: Enter<R>>(
        self,
        lifespan: Lifespan<R, F>,
    ) -> impl Future<Output = Result<(), Error>> {
        self.listening(lifespan, listener::listen)
    }

    /// Runs a lifespan until this body completes, or until it is asked to end, whichever is first; as
    /// [`Lifespan::run_with`] does.
    ///
    /// # Errors
    ///
    /// Those of [`Lifespan::run_with`].
    ///
    /// # Panics
    ///
    /// Those of [`Lifespan::run_with`].
    ///
    /// # Cancel safety
    ///
    /// That of [`Lifespan::run`].
    #[must_use = "nothing is entered until this is awaited"]
    #[track_caller]
    pub fn run_with<R: LocalResource, F: Enter<R>, T, E: Failure>(
        self,
        lifespan: Lifespan<R, F>,
        body: impl AsyncFnOnce(&mut R) -> Result<T, E>,
    ) -> impl Future<Output = Result<T, E>> {
        self.listening_with(lifespan, body, listener::listen)
    }

    /// [Runs](Runner::run) a lifespan on a runtime that is made for it, and ends that; for a `main` that is not `async`.
    ///
    /// A runtime that is dropped waits for code that blocks a thread (`spawn_blocking`), for ever if that never returns: after a clean
    /// stop, the process would hang. This waits for a second.
    ///
    /// ```
    /// # use lifespan::Lifespan;
    /// use lifespan::run::Runner;
    /// use tokio::runtime::Builder;
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     # let app = Lifespan::new(async { Ok::<_, std::io::Error>(()) }, async |_, _| ());
    ///     let runtime = Builder::new_multi_thread().enable_all().build()?;
    ///     let runner = Runner::new();
    ///     # runner.handle().stop();
    ///     # let _ =
    ///     runner.run_on(runtime, app)
    ///     # ; Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`run`](Runner::run).
    ///
    /// # Panics
    ///
    /// Those of [`run`](Runner::run), and inside of another runtime.
    #[track_caller]
    pub fn run_on<R: LocalResource, F: Enter<R>>(
        self,
        runtime: Runtime,
        lifespan: Lifespan<R, F>,
    ) -> Result<(), Error> {
        let runtime = EndingRuntime(Some(runtime));
        let running = self.run(lifespan);
        match &runtime.0 {
            Some(runtime) => runtime.block_on(running),
            None => unreachable!("it is there until it is dropped"),
        }
    }

    #[cfg(test)]
    pub(super) fn stage(&self) -> &Arc<Stage> {
        self.stage.get()
    }

    #[track_caller]
    pub(super) fn listening<R: LocalResource, F: Enter<R>>(
        self,
        lifespan: Lifespan<R, F>,
        listen: Listen,
    ) -> impl Future<Output = Result<(), Error>> {
        let place = Location::caller();
        let around = CancelScope::untold("run", place);
        let course = self.course(lifespan.subject(place), drains_for::<R>(), &around, true);
        let serving = Arc::clone(&course);
        // Called here and not below, where the caller would be this file.
        let scope = lifespan.scope_ok(async move |_| {
            let _body = serving.body();
            serving.stage.reached(RunState::Stopping).await;
        });
        // In a box: each of the futures around it would store it once more.
        let scope = Box::pin(around.run_alone(scope, ending::of_scope));
        running(course, scope, listen)
    }

    #[track_caller]
    pub(super) fn listening_with<R: LocalResource, F: Enter<R>, T, E: Failure>(
        self,
        lifespan: Lifespan<R, F>,
        body: impl AsyncFnOnce(&mut R) -> Result<T, E>,
        listen: Listen,
    ) -> impl Future<Output = Result<T, E>> {
        let place = Location::caller();
        let around = CancelScope::untold("run", place);
        let course = self.course(lifespan.subject(place), drains_for::<R>(), &around, false);
        let serving = Arc::clone(&course);
        let scope = lifespan.scope(async move |resource| {
            let _body = serving.body();
            body(resource).await
        });
        let scope = Box::pin(around.run_alone(scope, ending::of_scope));
        running(course, scope, listen)
    }

    fn course(
        mut self,
        subject: Subject,
        drains_for: Option<Duration>,
        around: &CancelScope,
        body_hears: bool,
    ) -> Arc<Course> {
        let stage = Arc::clone(self.stage.get());
        stage.drains_by_default_for(drains_for);
        self.stage.0 = None;
        let node = Arc::clone(around.node());
        Arc::new(Course::new(subject, node, stage, self.commentary, body_hears))
    }
}

/// What the attribute of a lifespan says.
#[cfg_attr(
    not(feature = "compose"),
    allow(clippy::extra_unused_type_parameters, reason = "there is none then")
)]
fn drains_for<R: LocalResource>() -> Option<Duration> {
    #[cfg(feature = "compose")]
    if let What::Nested(graph) = R::__what() {
        return graph.drains_for();
    }
    None
}

/// What makes signals come.
pub(super) type Listen = fn(&Arc<Stage>) -> io::Result<()>;

async fn running<T, E: Failure>(
    course: Arc<Course>,
    scope: Pin<Box<impl Future<Output = Result<T, E>>>>,
    listen: Listen,
) -> Result<T, E> {
    require_runtime();
    course.begin(listen)?;
    let work = async {
        // A panic waits for the drain, and so does a failure.
        let ended = caught(scope).await;
        let ended = Ended::new(ended, course.subject.clone(), course.phase());
        let drained = course.drain().await;
        let seen = course.seen(&drained);
        ended.settle(drained, seen)
    };
    let result = match until_left(&course, work).await {
        Some(result) => result,
        None => Err(course.left().into()),
    };
    let failed = result.as_ref().err();
    let is_cancelled = failed.is_some_and(ending::is_cancelled);
    course.end(
        failed.map(|error| rendered_by(&|| error.text())).as_deref(),
        is_cancelled,
    );
    result
}

fn require_runtime() {
    assert!(
        Handle::try_current().is_ok(),
        "`run` needs a tokio runtime\n\
         help: call it inside `#[tokio::main]` or `Runtime::block_on`"
    );
}

/// Unless a signal ends the waiting: then `work` is dropped.
async fn until_left<W: Future>(course: &Course, work: W) -> Option<W::Output> {
    let (mut work, mut slow, mut left) = (pin!(Some(work)), pin!(None), pin!(course.follow()));
    let ended = poll_fn(|cx| {
        if poll_unbudgeted(left.as_mut(), cx).is_ready() {
            return Poll::Ready(None);
        }
        let ended = poll_work(work.as_mut(), cx).map(Some);
        if ended.is_pending() {
            course.poll_slow(slow.as_mut(), cx);
        }
        ended
    });
    let ended = ended.await;
    if ended.is_none() {
        course.say_left();
        work.set(None);
    }
    ended
}

fn poll_work<W: Future>(work: Pin<&mut Option<W>>, cx: &mut Context<'_>) -> Poll<W::Output> {
    match work.as_pin_mut() {
        Some(work) => work.poll(cx),
        None => Poll::Pending,
    }
}

/// Ended without waiting for long when it is dropped, by a panic as well.
struct EndingRuntime(Option<Runtime>);

impl Drop for EndingRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(BLOCKED_FOR);
        }
    }
}

/// That of a runner. One that runs nothing is over when it is dropped.
struct Unrun(Option<Arc<Stage>>);

impl Unrun {
    fn get(&self) -> &Arc<Stage> {
        match &self.0 {
            Some(stage) => stage,
            None => unreachable!("it is taken when the runner is"),
        }
    }
}

impl Drop for Unrun {
    fn drop(&mut self) {
        if let Some(stage) = &self.0 {
            stage.end(1);
        }
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("commentary", &self.commentary)
            .finish_non_exhaustive()
    }
}
