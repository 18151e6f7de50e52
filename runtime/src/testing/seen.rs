//! [`Seen`]: what a journal has seen.

use super::home::Home;
use super::lives::Lives;
use crate::event::{Event, EventKind, Id};

pub(super) struct Seen {
    pub(super) lines: Vec<String>,
    /// The parent of what is seen and lives inside of nothing.
    pub(super) root: Id,
    /// Where it looks.
    pub(super) homes: Vec<Home>,
    pub(super) lives: Lives,
}

impl Seen {
    pub(super) fn new(root: Id) -> Self {
        Seen { lines: Vec::new(), root, homes: Vec::new(), lives: Lives::default() }
    }

    /// Whether what begins there is seen. What begins in a task that is a part of the test, and inside of nothing, is.
    pub(super) fn sees(&self, here: Home) -> bool {
        let is_inside = match here.within {
            Some(id) => id == self.root || self.lives.has(id),
            None => self.lives.run_in(here.runs),
        };
        is_inside || self.homes.iter().any(|home| home.has(here))
    }

    pub(super) fn take(&mut self, event: &Event<'_>) {
        let name = event.name();
        let begins = matches!(event.kind(), EventKind::Entering { .. } | EventKind::Opened);
        if (begins && !self.sees(Home::of(event))) || !self.lives.take(event) {
            return;
        }
        match event.kind() {
            EventKind::Entered { .. } => self.lines.push(format!("enter {name}")),
            EventKind::Exiting { cause, .. } => self.lines.push(format!("exit {name}: {cause}")),
            _ => {}
        }
    }
}
