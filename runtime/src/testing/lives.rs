//! [`Lives`]: what a journal has seen, from its enter to the end of its exit, and what the laws ask of it.

use std::collections::BTreeMap;
use std::fmt;
use std::iter;
use std::panic::Location;

use super::home::Runs;
use crate::event::{Event, EventKind, Id};

#[derive(Default)]
pub(super) struct Lives {
    all: BTreeMap<Id, Lived>,
    /// The number of the last event.
    last: u64,
    /// When the test was dropped, and by what, if it was.
    dropped: Option<(u64, Runs)>,
}

struct Lived {
    name: String,
    place: &'static Location<'static>,
    parent: Option<Id>,
    began_in: Runs,
    /// Never, if it is a cancel scope.
    has_entered: bool,
    /// It was dropped without its exit, which runs elsewhere.
    is_abandoned: bool,
    is_lost: bool,
    exits: Vec<Exiting>,
}

struct Exiting {
    by: Runs,
    begun: u64,
    ended: Option<u64>,
    /// It was dropped before it has ended.
    is_dropped: bool,
}

impl Lives {
    pub(super) fn has(&self, id: Id) -> bool {
        self.all.contains_key(&id)
    }

    /// Whether any began in that task.
    pub(super) fn run_in(&self, runs: Runs) -> bool {
        self.all.values().any(|life| life.began_in == runs)
    }

    /// Whether it is of something that is seen, or is from here on.
    pub(super) fn take(&mut self, event: &Event<'_>) -> bool {
        let Some(id) = event.id() else { return false };
        self.last = self.last.max(event.seq());
        if let EventKind::Entering { .. } | EventKind::Opened = event.kind() {
            self.all.insert(id, Lived::begin(event));
            return true;
        }
        let Some(life) = self.all.get_mut(&id) else {
            return false;
        };
        match event.kind() {
            EventKind::Entered { .. } => life.has_entered = true,
            EventKind::Exiting { .. } => {
                life.exits
                    .push(Exiting { by: Runs::now(), begun: event.seq(), ended: None, is_dropped: false });
            }
            EventKind::Abandoned { .. } => life.is_abandoned = true,
            EventKind::Lost { .. } => life.is_lost = true,
            EventKind::Exited { .. } | EventKind::ExitFailed { .. } => life.end_exit(Some(event.seq())),
            EventKind::Interrupted { .. } | EventKind::WentOn => life.end_exit(None),
            EventKind::EnterFailed { .. } | EventKind::EnterDropped { .. } | EventKind::HandedOn => {
                self.all.remove(&id);
            }
            _ => {}
        }
        true
    }

    /// The test is dropped now.
    pub(super) fn drop_now(&mut self) {
        self.dropped = Some((self.last, Runs::now()));
    }

    fn was_dropped_before(&self, seq: u64) -> bool {
        self.dropped.is_some_and(|(at, _)| seq > at)
    }

    /// Those whose exit has not begun.
    pub(super) fn leaks(&self) -> Vec<String> {
        let live = self.all.values().filter(|life| life.is_live());
        live.map(|life| format!("{life} was not exited")).collect()
    }

    /// Everything that contradicts the laws, in words.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut complaints = self.leaks();
        for life in self.all.values() {
            Self::check_once(life, &mut complaints);
            self.check_order(life, &mut complaints);
            self.check_task(life, &mut complaints);
        }
        complaints.extend(self.check_rescue());
        complaints
    }

    /// Law 1: once, and to its end unless it was interrupted.
    fn check_once(life: &Lived, complaints: &mut Vec<String>) {
        if life.exits.len() > 1 {
            complaints.push(format!("{life} was exited {} times", life.exits.len()));
        }
        for exit in &life.exits {
            if exit.ended.is_none() && !exit.is_dropped {
                complaints.push(format!("{life} did not end its exit"));
            }
        }
    }

    /// Law 7: not before everything that was entered in it.
    fn check_order(&self, life: &Lived, complaints: &mut Vec<String>) {
        let exits = life.exits.iter().map(|exit| exit.ended.unwrap_or(exit.begun));
        let Some(last) = exits.max() else { return };
        for around in self.around(life) {
            if around
                .exits
                .iter()
                .any(|exit| exit.ended.is_some_and(|ended| ended < last))
            {
                complaints.push(format!("{around} was exited before {life}, which lived in it"));
            }
        }
    }

    /// In what it was entered, from the inside out, as far as that is of one task. What lives in others may outlive a budget.
    fn around<'a>(&'a self, life: &'a Lived) -> impl Iterator<Item = &'a Lived> {
        let parent = |life: &&'a Lived| self.all.get(&life.parent?);
        let around = iter::successors(parent(&life), parent);
        around.take_while(|around| around.began_in == life.began_in)
    }

    /// Law 8: by the task that entered it, unless it was rescued.
    fn check_task(&self, life: &Lived, complaints: &mut Vec<String>) {
        for exit in &life.exits {
            if exit.by != life.began_in && !life.is_abandoned && !self.was_dropped_before(exit.begun) {
                complaints.push(format!("{life} was exited in another task"));
            }
        }
    }

    /// Law 3: what one drop abandons is rescued by one task; what lives in other tasks exits there.
    fn check_rescue(&self) -> Option<String> {
        let (_, dropped_by) = self.dropped?;
        let dropped = self.all.values().filter(|life| life.began_in == dropped_by);
        let exits = dropped.flat_map(|life| &life.exits);
        let mut rescued = exits.filter(|exit| self.was_dropped_before(exit.begun) && exit.by != dropped_by);
        let by = rescued.next()?.by;
        rescued
            .any(|exit| exit.by != by)
            .then(|| "what one drop abandoned was rescued in several tasks".to_owned())
    }
}

impl Lived {
    fn begin(event: &Event<'_>) -> Self {
        Lived {
            name: event.name().to_owned(),
            place: event.place(),
            parent: event.parent(),
            began_in: Runs::now(),
            has_entered: false,
            is_abandoned: false,
            is_lost: false,
            exits: Vec::new(),
        }
    }

    /// It has entered, and not begun to exit.
    fn is_live(&self) -> bool {
        self.has_entered && self.exits.is_empty() && !self.is_lost
    }

    fn end_exit(&mut self, ended: Option<u64>) {
        if let Some(exit) = self.exits.last_mut() {
            (exit.ended, exit.is_dropped) = (ended, ended.is_none());
        }
    }
}

impl fmt::Display for Lived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (entered at {})", self.name, self.place)
    }
}
