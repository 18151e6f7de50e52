//! [`Lifespan::run`]: a lifespan until the process is asked to end.
//!
//! What that says of itself meanwhile is a [`Commentary`].

// The first signal ends the body, the second the waiting, the third the process. `listener` receives them, in a thread of its
// own; `course` is what the body and the future around it know of each other; `ending` makes one result of all; `commentary`
// says what there is to say meanwhile, from its `table` of what lives.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use crate::base::coop::poll_unbudgeted;
use crate::cancel_scope::CancelScope;
use crate::error::Error;
use crate::lifespan::Lifespan;
use crate::resource::LocalResource;
use crate::resource::enter::Enter;
use crate::scope::caught::caught;

mod commentary;
mod course;
mod ending;
mod listener;
#[cfg(test)]
mod said;
mod signal;
mod table;
#[cfg(test)]
mod tests;

pub use commentary::Commentary;
use course::Course;
use listener::Signals;
use signal::Signal;

impl<R: LocalResource, F: Enter<R>> Lifespan<R, F> {
    /// Enters it, and exits it when the process is asked to end: the whole `main` of a service.
    ///
    /// It is asked by SIGINT or SIGTERM, on Windows by Ctrl-C or Ctrl-Break.
    ///
    /// - **The first signal** ends the body, which counts as completed: the exits run in order, each within its budget ([laws 6][law 6]
    ///   and 7), then the [owners](crate::Owner) are closed, side by side, that were entered on this runtime since this began, and
    ///   [`drain`](crate::drain) waits for those and for the exits that were rescued ([law 4]). A signal that comes during the
    ///   start-up is not lost: the enter is cancelled and unwinds, what was entered exits ([laws 17][law 17] and [19][law 19]), and the error says
    ///   so.
    /// - **The second signal** ends the waiting: everything is dropped where it is, and this returns an error at once. An exit
    ///   that was running is reported as interrupted. What was still to exit is abandoned, as if the future had been
    ///   dropped ([law 3]): it goes on for as long as the runtime does, and what the end of the runtime finds reports
    ///   itself.
    /// - **The third signal** ends the process with the status of a process that the signal ends (130 for SIGINT, 143 for
    ///   SIGTERM), even if a destructor blocks the thread. It is received by a thread of its own, which does nothing else.
    ///
    /// ```no_run
    /// use lifespan::Lifespan;
    ///
    /// # async fn bind() -> std::io::Result<tokio::net::TcpListener> { tokio::net::TcpListener::bind("[::1]:0").await }
    /// #[tokio::main]
    /// async fn main() -> Result<(), lifespan::Error> {
    ///     let listener = Lifespan::new(bind(), async |_, exit| println!("stopped: {}", exit.cause()));
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
    /// let error = Lifespan::new(bind, async |(), _| ()).named("listener").run().await.unwrap_err();
    /// assert_eq!(error.to_string(), "resource `listener` failed to enter: address in use");
    /// # }
    /// ```
    ///
    /// It belongs around everything, in `main`. With a runtime that stays after it, or inside of another scope, use
    /// [`until`](crate::until) and a signal of your own.
    ///
    /// # What it says
    ///
    /// To a terminal it says how long it took to start, and to stop. Anywhere it says what it waits for if one of them takes
    /// longer than a second, what ran out of time, and what a second signal cuts off. A [`Commentary`] runs it otherwise.
    ///
    /// ```text
    /// stopping 3 of 7: worker 12.0 s of 30 s ("committing 3 of 9"), holds up pool; entered at src/main.rs:41; SIGTERM again to stop waiting
    /// ```
    ///
    /// # Signals
    ///
    /// They are listened for from the first poll on, before anything is entered, and for as long as the process lives: the
    /// handlers of tokio are never uninstalled. When no `run` is left to be told, a signal ends the process at once, as it would
    /// without handlers, so that a `main` that hangs after its `run` can be stopped. Several `run`s in one process are all told.
    /// The runtime needs no driver for signals. Two signals of one kind may count as one if they come at the same moment.
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
    ///   while the body runs belongs to whoever is served then, and is no matter of this
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
        Commentary::new().run(self)
    }
}

impl Commentary {
    /// Runs a lifespan as [`Lifespan::run`] does, and says of it what this says.
    ///
    /// # Errors
    ///
    /// Those of [`Lifespan::run`]: whenever something was not entered and exited cleanly.
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
        run(lifespan, self, listener::listen)
    }
}

/// As [`Lifespan::run`], with signals from anywhere.
#[track_caller]
fn run<R, F>(
    lifespan: Lifespan<R, F>,
    commentary: Commentary,
    listen: impl FnOnce() -> std::io::Result<Signals>,
) -> impl Future<Output = Result<(), Error>>
where
    R: LocalResource,
    F: Enter<R>,
{
    let place = Location::caller();
    let around = CancelScope::untold("run", place);
    let subject = lifespan.subject(place);
    let course = Arc::new(Course::new(subject, Arc::clone(around.node()), commentary));
    let serving = Arc::clone(&course);
    // Called here and not below, where the caller would be this file.
    let scope = lifespan.scope_ok(async move |_| serving.serve().await);
    // In a box: each of the futures around it would store it once more.
    let scope = Box::pin(around.run_alone(scope, ending::of_scope));
    async move {
        require_runtime();
        let signals = listen().map_err(|error| course.deaf(&error))?;
        course.begin();
        until_second(signals, &course, async {
            // A panic waits for the drain, and so does a failure.
            let ended = course.kept(caught(scope).await);
            let drained = course.drain().await;
            ending::settle(ended, drained, course.seen())
        })
        .await
    }
}

fn require_runtime() {
    assert!(
        Handle::try_current().is_ok(),
        "`run` needs a tokio runtime\n\
         help: call it inside `#[tokio::main]` or `Runtime::block_on`"
    );
}

/// Hands the first signal to the course of things; a second one drops `work`.
async fn until_second<W>(mut signals: Signals, course: &Course, work: W) -> Result<(), Error>
where
    W: Future<Output = Result<(), Error>>,
{
    let mut work = pin!(Some(work));
    let mut slow = pin!(None);
    let mut first = None;
    let ended = poll_fn(|cx| {
        while let Poll::Ready(Some(signal)) = poll_signal(&mut signals, cx) {
            match first.replace(signal) {
                None => course.stop(signal),
                Some(first) => return Poll::Ready(Err((first, signal))),
            }
        }
        let ended = poll_work(work.as_mut(), cx).map(Ok);
        if ended.is_pending() {
            course.poll_slow(slow.as_mut(), cx);
        }
        ended
    });
    let result = match ended.await {
        Ok(result) => result,
        Err((first, second)) => {
            course.say_skipped(second);
            work.set(None);
            Err(course.skipped(first, second))
        }
    };
    course.end(&result);
    result
}

fn poll_signal(signals: &mut Signals, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
    poll_unbudgeted(pin!(signals.recv()), cx)
}

fn poll_work<W: Future>(work: Pin<&mut Option<W>>, cx: &mut Context<'_>) -> Poll<W::Output> {
    match work.as_pin_mut() {
        Some(work) => work.poll(cx),
        None => Poll::Pending,
    }
}
