//! [`Stage`]: how far a run has come, for all who read that and all who move it on.
//!
//! It only goes forward. Signals climb: each takes the run to the next [`Rung`], at once and in the thread that has received the
//! signal, so that a run which blocks its thread is no hindrance.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::coop::unconstrained;

use super::signal::Signal;
use crate::base::run_state::RunState;
use crate::cancel::cancellation::Cancellation;

/// How often it was asked to end, by signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rung {
    Ground,
    /// It serves on for a while.
    Drain,
    /// The body ends.
    Stop,
    /// What still exits is not waited for.
    Leave,
    /// The process ends.
    End,
}

/// What made it stop.
#[derive(Clone, Debug)]
pub(super) enum StoppedBy {
    /// Its body ended.
    Body,
    Signal(Signal),
    /// A handle.
    Asked(Cancellation),
    /// The time to drain was over.
    Drained,
    /// All that serves was idle while it drained.
    Idle,
}

#[derive(Clone, Debug)]
pub(super) struct Now {
    pub(super) state: RunState,
    pub(super) rung: Rung,
    pub(super) stopped_by: StoppedBy,
    /// How long it serves on at SIGTERM, if it does.
    pub(super) drains_for: Option<Duration>,
    /// The last two signals.
    pub(super) signals: [Option<Signal>; 2],
    /// Of a handle that has asked it to drain.
    pub(super) asked: Option<Cancellation>,
    /// How many serve, once somebody has said so.
    serving: Option<usize>,
    /// As a process tells it.
    pub(super) status: u8,
}

impl Now {
    pub(super) fn is_idle(&self) -> bool {
        self.serving == Some(0)
    }

    fn next_rung(&self, signal: Signal) -> Rung {
        match self.rung {
            Rung::Ground if signal == Signal::Terminate && self.can_drain() => Rung::Drain,
            Rung::Ground | Rung::Drain => Rung::Stop,
            Rung::Stop => Rung::Leave,
            Rung::Leave | Rung::End => Rung::End,
        }
    }

    fn can_drain(&self) -> bool {
        self.state == RunState::Ready && self.drains_for.is_some()
    }

    fn stop(&mut self, by: StoppedBy) -> bool {
        let stops = self.state < RunState::Stopping;
        if stops {
            (self.state, self.stopped_by) = (RunState::Stopping, by);
        }
        stops
    }
}

#[derive(Debug)]
pub(super) struct Stage(watch::Sender<Now>);

impl Stage {
    pub(super) fn new() -> Self {
        Stage(watch::Sender::new(Now {
            state: RunState::Starting,
            rung: Rung::Ground,
            stopped_by: StoppedBy::Body,
            drains_for: None,
            signals: [None; 2],
            asked: None,
            serving: None,
            status: 0,
        }))
    }

    pub(super) fn now(&self) -> Now {
        self.0.borrow().clone()
    }

    pub(super) fn state(&self) -> RunState {
        self.0.borrow().state
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Now> {
        self.0.subscribe()
    }

    /// Completes when it has come so far.
    pub(super) fn reached(&self, state: RunState) -> impl Future<Output = RunState> + Send + use<> {
        let mut now = self.0.subscribe();
        async move {
            let reached = unconstrained(now.wait_for(|now| now.state >= state)).await;
            // Nobody is left who could move it on.
            reached.map_or(RunState::Stopped, |now| now.state)
        }
    }

    pub(super) fn drains_by_default_for(&self, time: Option<Duration>) {
        self.0.send_modify(|now| now.drains_for = now.drains_for.or(time));
    }

    pub(super) fn drains_for(&self, time: Duration) {
        self.0.send_modify(|now| now.drains_for = Some(time));
    }

    /// All has entered, and the body begins; unless it is to end already.
    pub(super) fn ready(&self) -> bool {
        self.0.send_if_modified(|now| {
            let is_first = now.state == RunState::Starting;
            if is_first {
                now.state = RunState::Ready;
            }
            is_first
        })
    }

    /// A signal has come; gives the rung that it has climbed to. A run that is over does not hear it.
    pub(super) fn climb(&self, signal: Signal) -> Option<Rung> {
        let mut rung = None;
        self.0.send_if_modified(|now| {
            if now.state == RunState::Stopped {
                return false;
            }
            now.rung = now.next_rung(signal);
            now.signals = [now.signals[1], Some(signal)];
            match now.rung {
                Rung::Ground | Rung::Drain => now.state = RunState::Draining,
                Rung::Stop | Rung::Leave | Rung::End => drop(now.stop(StoppedBy::Signal(signal))),
            }
            rung = Some(now.rung);
            true
        });
        rung
    }

    /// A handle asks it to drain.
    pub(super) fn drain(&self, why: Cancellation) {
        self.0.send_if_modified(|now| {
            if now.can_drain() {
                (now.state, now.asked) = (RunState::Draining, Some(why));
                return true;
            }
            now.state != RunState::Draining && now.stop(StoppedBy::Asked(why))
        });
    }

    /// It stops, unless it does already. What a signal has begun counts as the rung that this is.
    pub(super) fn stop(&self, by: StoppedBy) {
        self.0.send_if_modified(|now| {
            if now.rung == Rung::Drain {
                now.rung = Rung::Stop;
            }
            now.stop(by)
        });
    }

    /// It is over, with this status of the process. Whether it was not before.
    pub(super) fn end(&self, status: u8) -> bool {
        self.0.send_if_modified(|now| {
            let is_first = now.state != RunState::Stopped;
            if is_first {
                (now.state, now.status) = (RunState::Stopped, status);
            }
            is_first
        })
    }

    pub(super) fn serves(&self) {
        self.0.send_if_modified(|now| {
            *now.serving.get_or_insert(0) += 1;
            false
        });
    }

    /// One that served is idle. It matters while this drains.
    pub(super) fn is_idle(&self) {
        self.0.send_if_modified(|now| {
            now.serving = now.serving.map(|serving| serving - 1);
            now.state == RunState::Draining && now.is_idle()
        });
    }
}
