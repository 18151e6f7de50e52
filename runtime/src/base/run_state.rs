//! [`RunState`]: how far a run has come.

use std::fmt;

/// How far a run has come. It goes forward only, and may skip states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RunState {
    /// Something still enters.
    Starting,
    /// All has entered, and the body runs.
    Ready,
    /// It was asked to end, and serves on until its clients have noticed.
    Draining,
    /// The body has ended or is cancelled, and what was entered exits.
    Stopping,
    /// The run is over.
    Stopped,
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RunState::Starting => "starting",
            RunState::Ready => "ready",
            RunState::Draining => "draining",
            RunState::Stopping => "stopping",
            RunState::Stopped => "stopped",
        })
    }
}
