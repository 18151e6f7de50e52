//! [`RunHandle`]: by which anything reads how far a run has come, waits for it, and asks it to end.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::process::ExitCode;
use std::sync::Arc;

use super::stage::{Stage, StoppedBy};
use crate::base::run_state::RunState;
use crate::cancel::cancellation::Cancellation;

/// Reads how far a run has come, from anywhere, and asks it to end. [`Runner::handle`](super::Runner::handle) makes it before the run
/// begins, so that a member can have it as an input. Cheap to clone.
///
/// What an orchestrator asks for:
///
/// ```
/// use lifespan::run::{RunHandle, RunState};
///
/// fn probe(path: &str, run: &RunHandle) -> u16 {
///     let is_well = match path {
///         // It has started:
///         "/startupz" => run.state() > RunState::Starting,
///         // Send it work:
///         "/readyz" => run.state() == RunState::Ready,
///         // "/livez": what answers lives.
///         _ => true,
///     };
///     if is_well { 200 } else { 503 }
/// }
/// # let runner = lifespan::run::Runner::new();
/// # assert_eq!((probe("/livez", &runner.handle()), probe("/readyz", &runner.handle())), (200, 503));
/// ```
#[derive(Clone)]
pub struct RunHandle(Arc<Stage>);

impl RunHandle {
    pub(super) fn new(stage: &Arc<Stage>) -> Self {
        RunHandle(Arc::clone(stage))
    }

    /// How far it has come.
    #[must_use]
    pub fn state(&self) -> RunState {
        self.0.state()
    }

    /// Completes when the run has reached this state, or a later one, and returns that. At once if it has already.
    ///
    /// ```
    /// # use lifespan::Lifespan;
    /// use lifespan::run::{RunState, Runner};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// # let app = Lifespan::new(async { Ok::<_, std::io::Error>(()) }, async |_, _| ());
    /// let runner = Runner::new();
    /// let run = runner.handle();
    /// tokio::spawn(async move {
    ///     run.reached(RunState::Ready).await;
    ///     run.stop();
    /// });
    /// runner.run(app).await
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time.
    #[must_use = "nothing is waited for until this is awaited"]
    pub fn reached(&self, state: RunState) -> impl Future<Output = RunState> + Send + use<> {
        self.0.reached(state)
    }

    /// Asks it to drain, as SIGTERM does: with a [time to drain](super::Runner::drain_for) it goes on for so long, else it
    /// stops. While it starts, it stops as well.
    #[track_caller]
    pub fn drain(&self) {
        self.0.drain(asked());
    }

    /// Asks it to stop, as SIGINT does: the body ends; a start-up is cancelled. Asked again, nothing changes: only signals end
    /// the waiting, or the process.
    #[track_caller]
    pub fn stop(&self) {
        self.0.stop(StoppedBy::Asked(asked()));
    }

    /// Says that a server serves, until the token that this gives is dropped. Take one token for each server, and keep it until that
    /// server gets no more work.
    ///
    /// A drain ends as soon as no token is left. If none was ever taken, it lasts for all of its time. Do not take one for each
    /// request: between two requests none would be left, and the drain would end although more are to come.
    pub fn serving(&self) -> Serving {
        self.0.serves();
        Serving(self.clone())
    }

    /// The status for the process of a command-line tool, when its run is over:
    ///
    /// - 130 after SIGINT and 143 after SIGTERM, as shells expect, if that signal has stopped the run and everything has exited
    ///   cleanly
    /// - 1 if anything else has failed, or if the run is not over
    /// - 0 otherwise
    ///
    /// A service has done its work when it stops at a signal. Let its `main` return what `run` returns: that gives 0.
    ///
    /// ```
    /// # use lifespan::Lifespan;
    /// use lifespan::run::Runner;
    /// use std::process::ExitCode;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// async fn main() -> ExitCode {
    ///     # let tool = Lifespan::new(async { Ok::<_, std::io::Error>(()) }, async |_, _| ());
    ///     let runner = Runner::new();
    ///     let run = runner.handle();
    ///     # async fn work() -> Result<(), lifespan::Error> { Ok(()) }
    ///     if let Err(error) = runner.run_with(tool, async |_| work().await).await {
    ///         eprintln!("{error}");
    ///     }
    ///     run.exit_code()
    /// }
    /// ```
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        let now = self.0.now();
        ExitCode::from(if now.state == RunState::Stopped { now.status } else { 1 })
    }
}

#[track_caller]
fn asked() -> Cancellation {
    Cancellation::asked(Some("the run was asked to stop".into()), Location::caller())
}

impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunHandle").field(&self.state()).finish()
    }
}

/// Says that a server serves, until it is dropped: see [`RunHandle::serving`].
#[derive(Debug)]
#[must_use = "it says that something serves, until it is dropped"]
pub struct Serving(RunHandle);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.0.is_idle();
    }
}
