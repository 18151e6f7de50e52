//! [`Home`]: where something is entered.

use std::thread::{self, ThreadId};

use tokio::task;

use crate::cancel::current;
use crate::event::{Event, Id};

/// What runs: a task, else a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    Task(task::Id),
    Thread(ThreadId),
}

impl Runs {
    pub(super) fn now() -> Self {
        task::try_id().map_or_else(|| Runs::Thread(thread::current().id()), Runs::Task)
    }
}

/// Inside of what lives, or else in which task.
#[derive(Clone, Copy)]
pub(super) struct Home {
    pub(super) within: Option<Id>,
    pub(super) runs: Runs,
}

impl Home {
    pub(super) fn here() -> Self {
        Home { within: current::living(), runs: Runs::now() }
    }

    /// Of what begins with this event, which is delivered where it happens.
    pub(super) fn of(event: &Event<'_>) -> Self {
        Home { within: event.parent(), runs: Runs::now() }
    }

    /// Whether that is in this. What lives around this and is not observed has no number.
    pub(super) fn has(self, other: Home) -> bool {
        self.within == other.within && (self.within.is_some() || self.runs == other.runs)
    }
}
