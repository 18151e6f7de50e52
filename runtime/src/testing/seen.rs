//! [`Seen`]: what a journal has seen.

use super::home::Home;
use super::lives::Lives;
use crate::event::{Event, EventKind};

#[derive(Default)]
pub(super) struct Seen {
    pub(super) lines: Vec<String>,
    /// Where it looks.
    pub(super) homes: Vec<Home>,
    pub(super) lives: Lives,
}

impl Seen {
    /// Whether what begins there is seen.
    pub(super) fn sees(&self, here: Home) -> bool {
        here.within.is_some_and(|id| self.lives.has(id)) || self.homes.iter().any(|home| home.has(here))
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
