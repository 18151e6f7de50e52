//! [`Commentary`]: what a run says of itself. It is silent while all is fast, and says what it waits for when it is slow.
//!
//! It is an observer like any other, of what is entered inside of the run while that starts, and of how that exits; while the
//! program serves, it observes nothing that begins, so that serving costs what it costs without it. [`Told`] is what it knows.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::signal::Signal;
use super::stage::StoppedBy;
use super::told::Told;
use crate::base::brief::brief;
use crate::base::coop::poll_unbudgeted;
use crate::base::entry::Subject;
use crate::base::life::Id;
use crate::base::lock::Lock;
use crate::base::run_state::RunState;
use crate::base::timer::try_sleep;
use crate::event::{self, Level, Observation};

type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// What a run says of itself, and where; part of a [`Runner`](super::Runner).
///
/// A start-up or a shutdown that takes longer than a second is slow. From then on a line every five seconds says what is waited
/// for: the innermost first, its last [progress](crate::Exit::progress), how long it may take, and what it holds up. When a
/// budget runs out, or a second signal comes, a table says what was under way. These lines always come out. Those that say that
/// all is well (started, the signal, stopped) come out if standard error is a terminal, if they go to `tracing` or to
/// [a function](Commentary::to), if something was slow, or if they are [asked for](Commentary::everything).
///
/// It is an observer of events, which stays allocated when the run is over: a program has one run, or few.
///
/// Lines go to `tracing`, if that feature is on and a subscriber is there, else to standard error, unless there is
/// [a function](Commentary::to) for them.
///
/// ```no_run
/// use lifespan::Lifespan;
/// use lifespan::run::{Commentary, Runner};
/// use std::time::Duration;
///
/// # async fn bind() -> std::io::Result<tokio::net::TcpListener> { tokio::net::TcpListener::bind("[::1]:0").await }
/// # #[tokio::main] async fn main() -> Result<(), lifespan::Error> {
/// let listener = Lifespan::new(bind(), async |_, _| ()).named("listener");
/// let commentary = Commentary::new()
///     .everything(true)
///     .every(Duration::from_secs(10));
/// Runner::new().commentary(commentary).run(listener).await
/// # }
/// ```
#[derive(Clone)]
#[must_use = "it says nothing by itself: give it to a `Runner`"]
pub struct Commentary {
    everything: Option<bool>,
    after: Duration,
    every: Duration,
    sink: Option<Sink>,
}

impl Commentary {
    /// The defaults, which are those of [`run`](crate::Lifespan::run).
    #[allow(clippy::new_without_default, reason = "as the other options of this crate")]
    pub fn new() -> Self {
        Commentary {
            everything: None,
            after: Duration::from_secs(1),
            every: Duration::from_secs(5),
            sink: None,
        }
    }

    /// Whether to say also that all is well. Without this call, it does if standard error is a terminal, or if the lines go to
    /// `tracing` or to [a function](Commentary::to).
    pub fn everything(self, everything: bool) -> Self {
        Commentary { everything: Some(everything), ..self }
    }

    /// How long a start or a stop may take before it counts as slow; a second by default.
    pub fn after(self, after: Duration) -> Self {
        Commentary { after, ..self }
    }

    /// How long it is silent after it has said what it waits for: five seconds by default, and at least a
    /// millisecond.
    pub fn every(self, every: Duration) -> Self {
        let every = every.max(Duration::from_millis(1));
        Commentary { every, ..self }
    }

    /// Gives each line to this function, which must not block. It gets all lines, also those of a fast run, unless
    /// [`everything(false)`](Commentary::everything) leaves these out.
    pub fn to(self, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Commentary { sink: Some(Arc::new(sink)), ..self }
    }

    fn says_everything(&self) -> bool {
        self.everything
            .unwrap_or_else(|| self.sink.is_some() || is_traced() || io::stderr().is_terminal())
    }

    fn say(&self, line: &str) {
        match &self.sink {
            Some(sink) => sink(line),
            None => say(line),
        }
    }
}

impl fmt::Debug for Commentary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commentary")
            .field("everything", &self.everything)
            .field("after", &self.after)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

/// Whether lines go to `tracing`.
fn is_traced() -> bool {
    #[cfg(feature = "tracing")]
    return event::is_traced();
    #[cfg(not(feature = "tracing"))]
    false
}

fn say(line: &str) {
    #[cfg(feature = "tracing")]
    if is_traced() {
        return event::trace_line(line);
    }
    // Not `eprintln!`, which panics when standard error is closed.
    let _ = writeln!(io::stderr(), "lifespan: {line}");
}

/// The commentary of one run.
pub(super) struct Speaker {
    options: Commentary,
    told: Arc<Lock<Told>>,
    observation: Lock<Option<Observation>>,
    is_slow: Lock<bool>,
}

impl Speaker {
    /// Of what is entered in `root`.
    pub(super) fn new(options: Commentary, subject: &Subject, root: Id) -> Self {
        Speaker {
            told: Arc::new(Lock::new(Told::new(subject.name.as_str().to_owned(), root))),
            options,
            observation: Lock::default(),
            is_slow: Lock::default(),
        }
    }

    /// From here on it starts.
    pub(super) fn begin(&self, place: &'static Location<'static>) {
        self.told.lock().begin(RunState::Starting, self.options.after);
        let (told, options) = (Arc::clone(&self.told), self.options.clone());
        let observer = move |event: &event::Event<'_>| {
            let table = {
                let mut told = told.lock();
                let late = told.take(event, options.after);
                late.map(|late| told.table(Some(late), &[]))
            };
            if let Some(table) = table {
                options.say(&format!("the time of `{}` has run out:{table}", event.name()));
            }
        };
        *self.observation.lock() = Some(event::observe_at(Level::Trace, Box::new(observer), place));
    }

    /// All members are there.
    pub(super) fn ready(&self) {
        let line = self.told.lock().started();
        self.observe(false);
        self.say_after_all(&line);
    }

    /// A signal has come: what the next one does is said.
    pub(super) fn signalled(&self, signal: Option<Signal>) {
        let mut told = self.told.lock();
        told.stop_signal = signal.map(Signal::name).or(told.stop_signal);
    }

    /// It is to end, and serves on for so long.
    pub(super) fn draining(&self, signal: Option<Signal>, time: Duration) {
        let line = {
            let mut told = self.told.lock();
            told.begin(RunState::Draining, Duration::MAX);
            let name = &told.name;
            let until = match Instant::now().checked_add(time) {
                Some(_) => format!("for {}", brief(time)),
                None => "until it is idle".to_owned(),
            };
            match signal.map(Signal::name) {
                Some(signal) => format!("{signal}: draining {name} {until}; {signal} again to stop now"),
                None => format!("draining {name} {until}"),
            }
        };
        self.say_if_asked(&line);
    }

    /// From here on it stops.
    pub(super) fn stopping(&self, by: &StoppedBy) {
        let line = {
            let mut told = self.told.lock();
            let drained = brief(told.elapsed());
            told.begin(RunState::Stopping, self.options.after);
            let name = &told.name;
            match by {
                StoppedBy::Signal(signal) => format!("{}: stopping {name}", signal.name()),
                StoppedBy::Drained => format!("drained for {drained}: stopping {name}"),
                StoppedBy::Idle => format!("idle after {drained}: stopping {name}"),
                StoppedBy::Body | StoppedBy::Asked(_) => format!("stopping {name}"),
            }
        };
        self.observe(true);
        self.say_if_asked(&line);
    }

    /// A second signal has ended the waiting.
    pub(super) fn skipped(&self, signal: Signal, elsewhere: &[Subject]) {
        let table = {
            let mut told = self.told.lock();
            told.phase = RunState::Stopped;
            told.table(None, elsewhere)
        };
        self.options
            .say(&format!("{} again, still under way:{table}", signal.name()));
    }

    /// These block a thread each, and nobody waits for them any more.
    pub(super) fn blocked(&self, left: &[Subject]) {
        for Subject { name, place, .. } in left {
            self.options.say(&format!(
                "`{}` still blocks a thread (entered at {}:{}), and the runtime waits for that when it is dropped\n\
                 help: `Runner::run_on` ends its runtime without that, and so does `Runtime::shutdown_timeout`",
                name.as_str(),
                place.file(),
                place.line()
            ));
        }
    }

    /// How it has ended; when a signal has ended the waiting, its table and the returned error say all.
    pub(super) fn end(&self, failed: Option<&str>) {
        let line = {
            let told = self.told.lock();
            if told.phase == RunState::Stopped {
                return;
            }
            let ended = if told.phase == RunState::Starting { "did not start in" } else { "stopped in" };
            format!("{} {ended} {}", told.name, brief(told.elapsed()))
        };
        match failed {
            None => self.say_after_all(&line),
            Some(error) => self.options.say(&format!("{line}: {error}")),
        }
    }

    fn observe(&self, what_begins: bool) {
        if let Some(observation) = &*self.observation.lock() {
            observation.set_curious(what_begins);
        }
    }

    /// What was slow is over: that is said as well.
    fn say_after_all(&self, line: &str) {
        if std::mem::take(&mut *self.is_slow.lock()) {
            self.options.say(line);
        } else {
            self.say_if_asked(line);
        }
    }

    fn say_if_asked(&self, line: &str) {
        if self.options.says_everything() {
            self.options.say(line);
        }
    }

    /// Says what it waits for, when that is due.
    pub(super) fn poll_slow(
        &self,
        mut sleep: Pin<&mut Option<Sleep>>,
        elsewhere: impl Fn() -> Vec<Subject>,
        cx: &mut Context<'_>,
    ) {
        loop {
            let Some(due) = self.told.lock().due else {
                return sleep.set(None);
            };
            if sleep.as_ref().as_pin_ref().is_none_or(|sleep| sleep.deadline() != due) {
                sleep.set(try_sleep(due));
            }
            let Some(timer) = sleep.as_mut().as_pin_mut() else {
                return;
            };
            if poll_unbudgeted(timer, cx).is_pending() {
                return;
            }
            let elsewhere = elsewhere();
            let line = {
                let mut told = self.told.lock();
                // Unless there was progress meanwhile.
                if told.due.is_none_or(|due| due > Instant::now()) {
                    continue;
                }
                told.due = Instant::now().checked_add(self.options.every);
                told.slow_line(&elsewhere)
            };
            if let Some(line) = line {
                *self.is_slow.lock() = true;
                self.options.say(&line);
            }
        }
    }
}

/// A run that is over, or was dropped, observes nothing.
impl Drop for Speaker {
    fn drop(&mut self) {
        if let Some(observation) = self.observation.lock().take() {
            observation.stop();
        }
    }
}
