//! [`listen`]: the signals that ask this process to end, for each run there is.
//!
//! They are received by a thread of its own with a runtime of its own: the last one must be received although the
//! runtime of the run is blocked, which may have no other thread.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::{io, thread};

use tokio::runtime::{Builder, Handle};

use super::signal::{Signal, Source};
use super::stage::{Rung, Stage};
use crate::base::run_state::RunState;

static DESK: Mutex<Desk> = Mutex::new(Desk { thread: None, is_listening: false, runs: Vec::new() });

fn desk() -> MutexGuard<'static, Desk> {
    DESK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on no signal is missed, and none ends the process by itself.
pub(super) fn listen(stage: &Arc<Stage>) -> io::Result<()> {
    // Held until the run is known: a signal that comes at once waits for that.
    let mut desk = desk();
    desk.listen()?;
    desk.register(stage);
    Ok(())
}

/// The runtime of the thread for signals: it has a driver for them. By itself it listens to none.
pub(super) fn thread() -> io::Result<Handle> {
    desk().thread()
}

/// Starts the thread, and waits until it is there: some ten microseconds, once per process.
fn open() -> io::Result<Handle> {
    let (sender, opened) = mpsc::channel();
    let thread = thread::Builder::new().name("lifespan-signals".into());
    thread.spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let _ = sender.send(
            runtime
                .as_ref()
                .map(|runtime| runtime.handle().clone())
                .map_err(|error| error.kind().into()),
        );
        if let Ok(runtime) = runtime {
            runtime.block_on(pending::<()>());
        }
    })?;
    let ended = || Err(io::Error::other("the thread for it has ended"));
    opened.recv().unwrap_or_else(|_| ended())
}

async fn attend(mut source: Source) {
    loop {
        let signal = source.next().await;
        let is_last = desk().deliver(signal);
        if is_last {
            signal.end_process();
        }
    }
}

/// The runs that a signal goes to.
struct Desk {
    thread: Option<Handle>,
    /// To SIGINT and SIGTERM, which do not end the process by themselves from then on.
    is_listening: bool,
    runs: Vec<Arc<Stage>>,
}

impl Desk {
    fn thread(&mut self) -> io::Result<Handle> {
        let thread = match self.thread.take() {
            Some(thread) => thread,
            None => open()?,
        };
        Ok(self.thread.insert(thread).clone())
    }

    fn listen(&mut self) -> io::Result<()> {
        let thread = self.thread()?;
        if !self.is_listening {
            let _entered = thread.enter();
            thread.spawn(attend(Source::open()?));
            self.is_listening = true;
        }
        Ok(())
    }

    fn register(&mut self, stage: &Arc<Stage>) {
        // Those that have ended since the last signal.
        self.runs.retain(|run| run.state() != RunState::Stopped);
        self.runs.push(Arc::clone(stage));
    }

    /// Tells all runs that are not over. Whether the process must end now: there is none, or one has climbed to its end.
    fn deliver(&mut self, signal: Signal) -> bool {
        let mut is_last = false;
        self.runs.retain(|run| {
            let rung = run.climb(signal);
            is_last |= rung == Some(Rung::End);
            rung.is_some()
        });
        is_last || self.runs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::stage::Stage;
    use super::{Desk, Signal};

    fn desk() -> Desk {
        Desk { thread: None, is_listening: false, runs: Vec::new() }
    }

    fn run(desk: &mut Desk) -> Arc<Stage> {
        let run = Arc::new(Stage::new());
        desk.register(&run);
        run
    }

    #[test]
    fn the_third_signal_ends_the_process() {
        let mut desk = desk();
        let _run = run(&mut desk);
        let ends = [Signal::Interrupt, Signal::Terminate, Signal::Interrupt].map(|signal| desk.deliver(signal));
        assert_eq!(ends, [false, false, true]);
    }

    #[test]
    fn with_a_time_to_drain_the_fourth_one_does() {
        let mut desk = desk();
        let run = run(&mut desk);
        run.drains_for(Duration::from_secs(1));
        run.ready();
        let ends = [Signal::Terminate; 4].map(|signal| desk.deliver(signal));
        assert_eq!(ends, [false, false, false, true]);
    }

    #[test]
    fn without_a_run_the_first_one_does() {
        let mut desk = desk();
        assert!(desk.deliver(Signal::Interrupt));
        run(&mut desk).end(0);
        assert!(desk.deliver(Signal::Interrupt));
    }

    #[test]
    fn each_run_has_its_own_count() {
        let mut desk = desk();
        let first = run(&mut desk);
        assert!(!desk.deliver(Signal::Interrupt) && !desk.deliver(Signal::Interrupt));
        first.end(0);
        let second = run(&mut desk);
        assert!(!desk.deliver(Signal::Terminate));
        assert_eq!(second.now().signals, [None, Some(Signal::Terminate)]);
    }
}
