//! [`listen`]: the signals that ask this process to end, for each run there is.
//!
//! They are received by a thread of its own with a runtime of its own: the third one must be received although the
//! runtime of the run is blocked, which may have no other thread.

use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::{io, process, thread};

use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::signal::{Signal, Source};

/// The signals that came since the run has begun.
pub(super) type Signals = UnboundedReceiver<Signal>;

/// After so many signals a run has had its chance.
const FORCED_YIELD_AFTER: u32 = 3;

static DESK: Mutex<Desk> = Mutex::new(Desk {
    is_open: false,
    runs: Vec::new(),
});

fn desk() -> MutexGuard<'static, Desk> {
    DESK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on no signal is missed, and none ends the process by itself.
pub(super) fn listen() -> io::Result<Signals> {
    // Held until the run is known: a signal that comes at once waits for that.
    let mut desk = desk();
    if !desk.is_open {
        open()?;
        desk.is_open = true;
    }
    Ok(desk.register())
}

/// Starts the thread, and waits until it listens: some ten microseconds, once per process.
fn open() -> io::Result<()> {
    let (sender, opened) = mpsc::channel();
    let thread = thread::Builder::new().name("lifespan-signals".into());
    thread.spawn(move || attend(&sender))?;
    let ended = || Err(io::Error::other("the thread for it has ended"));
    opened.recv().unwrap_or_else(|_| ended())
}

fn attend(opened: &mpsc::Sender<io::Result<()>>) {
    let runtime = Builder::new_current_thread().enable_all().build();
    let attended = runtime.and_then(|runtime| {
        runtime.block_on(async {
            let mut source = Source::open()?;
            let _ = opened.send(Ok(()));
            loop {
                let signal = source.next().await;
                if desk().deliver(signal) {
                    process::exit(signal.status());
                }
            }
        })
    });
    let _ = opened.send(attended);
}

/// Who is told of a signal.
pub(super) struct Desk {
    is_open: bool,
    runs: Vec<Run>,
}

struct Run {
    signals: UnboundedSender<Signal>,
    received: u32,
}

impl Desk {
    fn register(&mut self) -> Signals {
        // Those that have ended since the last signal.
        self.runs.retain(|run| !run.signals.is_closed());
        let (signals, receiver) = unbounded_channel();
        self.runs.push(Run { signals, received: 0 });
        receiver
    }

    /// Tells all runs that have not ended. Whether the process must end now: nobody is left to be told, or somebody was told
    /// often enough.
    fn deliver(&mut self, signal: Signal) -> bool {
        self.runs.retain_mut(|run| {
            run.received += 1;
            run.signals.send(signal).is_ok()
        });
        self.runs.is_empty() || self.runs.iter().any(|run| run.received >= FORCED_YIELD_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::{Desk, Signal};

    fn desk() -> Desk {
        Desk {
            is_open: true,
            runs: Vec::new(),
        }
    }

    #[test]
    fn the_third_signal_ends_the_process() {
        let mut desk = desk();
        let mut run = desk.register();
        let ends = [Signal::Interrupt, Signal::Terminate, Signal::Interrupt].map(|signal| desk.deliver(signal));
        assert_eq!(ends, [false, false, true]);
        assert_eq!(run.try_recv(), Ok(Signal::Interrupt));
        assert_eq!(run.try_recv(), Ok(Signal::Terminate));
    }

    #[test]
    fn without_a_run_the_first_one_does() {
        let mut desk = desk();
        assert!(desk.deliver(Signal::Interrupt));
        drop(desk.register());
        assert!(desk.deliver(Signal::Interrupt));
    }

    #[test]
    fn each_run_has_its_own_count() {
        let mut desk = desk();
        let first = desk.register();
        assert!(!desk.deliver(Signal::Interrupt) && !desk.deliver(Signal::Interrupt));
        drop(first);
        let mut second = desk.register();
        assert!(!desk.deliver(Signal::Terminate));
        assert_eq!(second.try_recv(), Ok(Signal::Terminate));
    }
}
