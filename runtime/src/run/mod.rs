//! [`Lifespan::run`] runs a lifespan until the process is asked to end.
//!
//! A [`Runner`] says how: what the run says of itself (a [`Commentary`]), and how long it [drains](Runner::drain_for). A [`RunHandle`]
//! is by what anything else learns [how far](RunState) it has come, and asks it to end.

// Each signal takes the run one rung up: the body ends, the waiting, the process. `listener` receives them, in a thread of its
// own; `stage` is how far the run has come; `course` acts on that; `runner` is the future around it; `ending` makes one result
// of all; `commentary` says what there is to say meanwhile, from what it was `told` of what lives.

use std::future::Future;
use std::io;
use std::sync::Arc;

use crate::error::Error;
use crate::lifespan::Lifespan;
use crate::resource::LocalResource;
use crate::resource::body::Failure;
use crate::resource::enter::Enter;

mod commentary;
mod course;
mod ending;
mod handle;
mod listener;
mod reload;
mod runner;
mod signal;
mod stage;
#[cfg(test)]
mod tests;
mod told;

pub use crate::base::run_state::RunState;
pub use commentary::Commentary;
pub use handle::{RunHandle, Serving};
pub use reload::{ReloadSignals, reload_signals};
pub use runner::Runner;

use stage::Stage;

impl<R: LocalResource, F: Enter<R>> Lifespan<R, F> {
    /// Enters it, and exits it when the process is asked to end: the whole `main` of a service.
    ///
    /// It is asked by SIGINT or SIGTERM; on Windows by Ctrl-C, or by Ctrl-Break, the close of the console, and the shutdown of the
    /// system; or by a [`RunHandle`].
    ///
    /// - **The first signal** ends the body, which counts as completed (with [a time to drain](Runner::drain_for), a first SIGTERM only
    ///   makes the run draining, and each of the following steps comes one signal later): the exits run in order, each within its
    ///   budget ([laws 6][law 6] and 7), then the [owners](crate::Owner) are closed, side by side, that were entered on this
    ///   runtime since this began, and [`drain`](crate::drain) waits for those and for the exits that were rescued ([law 4]). A
    ///   signal that comes during the start-up is not lost: the enter is cancelled and unwinds, what was entered exits ([laws
    ///   17][law 17] and [19][law 19]), and the error says so.
    /// - **The second signal** ends the waiting: everything is dropped where it is, and this returns an error at once. An exit
    ///   that was running is reported as interrupted. What was still to exit is abandoned, as if the future had been
    ///   dropped ([law 3]): it goes on for as long as the runtime does, and what the end of the runtime finds reports
    ///   itself.
    /// - **The third signal** ends the process, as that signal does where it is not handled (to a shell that is status 130 for SIGINT,
    ///   143 for SIGTERM), even if a destructor blocks the thread. It is received by a thread of its own, which does nothing else.
    ///
    /// ```no_run
    /// use lifespan::Lifespan;
    ///
    /// # async fn bind() -> std::io::Result<tokio::net::TcpListener> { tokio::net::TcpListener::bind("[::1]:0").await }
    /// #[tokio::main]
    /// async fn main() -> Result<(), lifespan::Error> {
    ///     let listener = Lifespan::new(bind(), async |_, exit| {
    ///         println!("stopped: {}", exit.cause());
    ///     });
    ///     listener.named("listener").run().await // until Ctrl-C
    /// }
    /// ```
    ///
    /// A start-up that fails ends it as well:
    ///
    /// ```
    /// # use lifespan::Lifespan;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bind = async { Err::<(), _>(std::io::Error::other("address in use")) };
    /// let listener = Lifespan::new(bind, async |(), _| ()).named("listener");
    /// let error = listener.run().await.unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "resource `listener` failed to enter: address in use",
    /// );
    /// # }
    /// ```
    ///
    /// It belongs around everything, in `main`. With a runtime that stays after it, or inside of another scope, use
    /// [`until`](crate::until) and [`stop_signal`].
    ///
    /// # What it says
    ///
    /// To a terminal it says how long it took to start, and to stop. Anywhere it says what it waits for if one of them takes
    /// longer than a second, what ran out of time, and what a second signal cuts off. A [`Runner`] with a [`Commentary`] runs it
    /// otherwise.
    ///
    /// ```text
    /// 3 of 7 still to stop: worker 12.0 s of 30 s ("committing 3 of 9"), holds up
    /// pool; entered at src/main.rs:41; SIGTERM again to stop waiting
    /// ```
    ///
    /// # Signals
    ///
    /// They are listened for from the first poll on, before anything is entered, and for as long as the process lives: the
    /// handlers of tokio are never uninstalled. When no `run` is left, a signal ends the process at once, as it would
    /// without handlers, so that a `main` that hangs after its `run` can be stopped. If there are several `run`s in one process,
    /// each gets the signal. The runtime needs no driver for signals. Two signals of one kind may count as one if they come at the
    /// same moment.
    ///
    /// # Errors
    ///
    /// Whenever something was not entered and exited cleanly, so that a `main` that returns it ends with a non-zero status:
    ///
    /// - the failure of the enter or of an exit, with all others attached ([law 23])
    /// - a signal during the start-up, [cancelled](Error::is_cancelled) in its phase [`Enter`](crate::Phase::Enter), with the name
    ///   of the signal as the [reason](crate::cancellation::Cancellation::reason)
    /// - a second signal: what had failed by then, if anything had, with the other failures attached, among them one that is
    ///   [`Interrupted`](crate::ErrorKind::Interrupted) and names the signal; else that one, with what still exits attached
    /// - what was interrupted, lost or failed on this runtime and was only reported, from the end of the body on. What happens
    ///   while the body runs belongs to the requests of that time, and is not counted here
    /// - signals cannot be listened for
    ///
    /// # Panics
    ///
    /// With the panic of the enter or of an exit, if nothing else failed ([law 24]), after all exits and the drain. When polled
    /// outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// As [`scope_ok`](Lifespan::scope_ok): to end it well, send the process a signal, or cancel the scope around it.
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    /// [law 4]: crate::guide::guarantees#law-4
    /// [law 6]: crate::guide::guarantees#law-6
    /// [law 17]: crate::guide::guarantees#law-17
    /// [law 19]: crate::guide::guarantees#law-19
    /// [law 23]: crate::guide::guarantees#law-23
    /// [law 24]: crate::guide::guarantees#law-24
    #[must_use = "nothing is entered until this is awaited"]
    #[track_caller]
    pub fn run(self) -> impl Future<Output = Result<(), Error>> {
        Runner::new().run(self)
    }

    /// Enters it and runs `body`, until that completes or the process is asked to end, whichever is first: the whole `main` of a
    /// command-line tool or a job.
    ///
    /// What [`run`](Lifespan::run) says of signals holds here, but that the first one cancels the body: it unwinds ([law 13]), and the
    /// exits get the cause *cancelled*.
    ///
    /// ```
    /// # use lifespan::Lifespan;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// # let db = Lifespan::new(async { Ok::<_, std::io::Error>(vec![20, 22]) }, async |_, _| ());
    /// let sum = db
    ///     .run_with(async |rows| -> Result<i32, lifespan::Error> {
    ///         Ok(rows.iter().sum())
    ///     })
    ///     .await?;
    /// assert_eq!(sum, 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The body's own, untouched; that the body was cancelled, with the name of the signal as the
    /// [reason](crate::cancellation::Cancellation::reason); and those of [`run`](Lifespan::run), as `E::from(lifespan::Error)`.
    ///
    /// # Panics
    ///
    /// With that of the body, and else as [`run`](Lifespan::run).
    ///
    /// # Cancel safety
    ///
    /// That of [`run`](Lifespan::run).
    ///
    /// [law 13]: crate::guide::guarantees#law-13
    #[must_use = "nothing is entered until this is awaited"]
    #[track_caller]
    pub fn run_with<T, E: Failure>(
        self,
        body: impl AsyncFnOnce(&mut R) -> Result<T, E>,
    ) -> impl Future<Output = Result<T, E>> {
        Runner::new().run_with(self, body)
    }
}

/// Completes at the first SIGINT or SIGTERM from its first poll on, for [`until`](crate::until). A second one ends the process, by that
/// signal: unlike after `tokio::signal::ctrl_c()`, no signal is lost from then on.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let work = async { 42 };
/// match lifespan::until(lifespan::run::stop_signal(), work).await {
///     Ok(answer) => println!("{answer}"),
///     Err(_) => println!("interrupted; everything is closed"),
/// }
/// # }
/// ```
///
/// # Errors
///
/// At once, if signals cannot be listened for.
///
/// # Cancel safety
///
/// It may be dropped at any time. A signal that comes when neither one of these nor a run is there any more ends the process.
pub async fn stop_signal() -> io::Result<()> {
    let stage = StageWaiter(Arc::new(Stage::new()));
    listener::listen(&stage.0)?;
    stage.0.reached(RunState::Stopping).await;
    Ok(())
}

struct StageWaiter(Arc<Stage>);

impl Drop for StageWaiter {
    fn drop(&mut self) {
        self.0.end(0);
    }
}
