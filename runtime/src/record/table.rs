//! [`Table`]: one entry for each thing that lives, removed at its end; and the last that have ended.

use std::collections::{BTreeMap, VecDeque};
use std::panic::Location;
use std::time::Duration;

use tokio::task;
use tokio::time::Instant;

use crate::base::cause::Cause;
use crate::error::Error;
use crate::event::{Event, EventKind, Id};

/// How far something has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum State {
    /// Its enter runs.
    Entering,
    /// It has entered; or it is a cancel scope, whose body runs.
    Live,
    /// It was dropped without its exit, which is to run elsewhere.
    Abandoned,
    /// Its exit runs.
    Exiting,
}

/// Something that lives or has lived.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) id: Id,
    /// Inside of what it lives, if that is known and lives.
    pub(super) parent: Option<Id>,
    pub(super) name: String,
    pub(super) place: &'static Location<'static>,
    pub(super) task: Option<task::Id>,
    pub(super) state: State,
    /// It has been in that state.
    pub(super) since: Instant,
    pub(super) entering: Instant,
    pub(super) entered: Option<Instant>,
    pub(super) exiting: Option<Instant>,
    pub(super) ended: Option<Instant>,
    /// Of what it is at: its enter or its exit.
    pub(super) budget: Option<Duration>,
    pub(super) progress: Option<String>,
    pub(super) cause: Option<Cause>,
    pub(super) failed: Option<String>,
    pub(super) is_late: bool,
    /// Beside whom it began to enter, and to exit, at once when that had.
    pub(super) enter_unblocked_by: Option<Id>,
    pub(super) exit_unblocked_by: Option<Id>,
    /// How many that live have it as their parent.
    inside: usize,
    /// Which of those had entered last, while it enters itself; and which had exited last, while it exits.
    last_entered: Option<Id>,
    last_exited: Option<Id>,
}

impl Life {
    /// Whether something runs that has an end.
    pub(super) fn is_under_way(&self) -> bool {
        self.state != State::Live
    }
}

#[derive(Clone)]
pub(super) struct Table {
    living: BTreeMap<Id, Life>,
    ended: VecDeque<Life>,
    /// How many of those are kept.
    last: usize,
}

impl Table {
    pub(super) fn new(last: usize) -> Self {
        Table {
            living: BTreeMap::new(),
            ended: VecDeque::new(),
            last,
        }
    }

    /// In the order in which they began.
    pub(super) fn living(&self) -> impl Iterator<Item = &Life> {
        self.living.values()
    }

    /// In the order in which they ended.
    pub(super) fn ended(&self) -> impl Iterator<Item = &Life> {
        self.ended.iter()
    }

    /// What failed in it, if this is how its enter or exit ended.
    pub(super) fn take(&mut self, event: &Event<'_>, failed: Option<String>) {
        let Some(id) = event.id() else { return };
        let at = event.at();
        let Some(life) = self.living.get_mut(&id) else {
            match event.kind() {
                EventKind::Entering { budget } => self.begin(id, event, State::Entering, budget),
                EventKind::Opened => self.begin(id, event, State::Live, None),
                _ => {}
            }
            return;
        };
        if failed.is_some() {
            life.failed = failed;
            life.is_late = event.error().is_some_and(Error::is_timeout);
        }
        match event.kind() {
            EventKind::Entered { .. } => {
                (life.state, life.since, life.entered) = (State::Live, at, Some(at));
                (life.budget, life.progress) = (None, None);
                let parent = life.parent;
                if let Some(parent) = self.parent_in(parent, State::Entering) {
                    parent.last_entered = Some(id);
                }
            }
            EventKind::Exiting { cause, budget, .. } => {
                (life.state, life.since, life.exiting) = (State::Exiting, at, Some(at));
                (life.cause, life.budget, life.progress) = (Some(cause), budget, None);
                let parent = life.parent;
                let by = self
                    .parent_in(parent, State::Exiting)
                    .and_then(|parent| parent.last_exited);
                if let Some(life) = self.living.get_mut(&id) {
                    life.exit_unblocked_by = by;
                }
            }
            EventKind::Abandoned { .. } => (life.state, life.since) = (State::Abandoned, at),
            EventKind::Progress { text } => life.progress = Some(text.to_owned()),
            EventKind::Lost { .. }
            | EventKind::Interrupted { .. }
            | EventKind::EnterFailed { .. }
            | EventKind::EnterDropped { .. }
            | EventKind::Exited { .. }
            | EventKind::ExitFailed { .. }
            | EventKind::WentOn
            | EventKind::Closed { .. }
            | EventKind::Unwound { .. }
            | EventKind::Dropped { .. } => self.end(id, at),
            // The rest of its life is told as that of another, which may have what lives inside.
            EventKind::HandedOn => drop(self.remove(id)),
            _ => {}
        }
    }

    fn begin(&mut self, id: Id, event: &Event<'_>, state: State, budget: Option<Duration>) {
        let parent = event.parent().filter(|parent| self.living.contains_key(parent));
        let by = self
            .parent_in(parent, State::Entering)
            .and_then(|parent| parent.last_entered);
        if let Some(parent) = parent.and_then(|parent| self.living.get_mut(&parent)) {
            parent.inside += 1;
        }
        let life = Life {
            id,
            parent,
            name: event.name().to_owned(),
            place: event.place(),
            task: event.task(),
            state,
            since: event.at(),
            entering: event.at(),
            entered: (state == State::Live).then(|| event.at()),
            exiting: None,
            ended: None,
            budget,
            progress: None,
            cause: None,
            failed: None,
            is_late: false,
            enter_unblocked_by: by,
            exit_unblocked_by: None,
            inside: 0,
            last_entered: None,
            last_exited: None,
        };
        self.living.insert(id, life);
    }

    /// What it lives in, if that is in this state.
    fn parent_in(&mut self, parent: Option<Id>, state: State) -> Option<&mut Life> {
        self.living.get_mut(&parent?).filter(|parent| parent.state == state)
    }

    fn end(&mut self, id: Id, at: Instant) {
        let Some(mut life) = self.remove(id) else { return };
        life.ended = Some(at);
        if let Some(parent) = self.parent_in(life.parent, State::Exiting) {
            parent.last_exited = Some(id);
        }
        if self.ended.len() == self.last {
            self.ended.pop_front();
        }
        if self.last > 0 {
            self.ended.push_back(life);
        }
    }

    /// What lived inside of it lives in what that lived in.
    fn remove(&mut self, id: Id) -> Option<Life> {
        let life = self.living.remove(&id)?;
        if life.inside > 0 {
            for inner in self.living.values_mut().filter(|inner| inner.parent == Some(id)) {
                inner.parent = life.parent;
            }
        }
        if let Some(parent) = life.parent.and_then(|parent| self.living.get_mut(&parent)) {
            parent.inside = parent.inside + life.inside - 1;
        }
        Some(life)
    }
}
