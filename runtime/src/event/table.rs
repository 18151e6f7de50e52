//! [`Table`]: one entry for each thing that lives, made of the events alone and removed at its end. What a run says, and what a
//! recorder shows, is read from one.

#![cfg_attr(
    not(all(feature = "record", feature = "signal")),
    allow(dead_code, unreachable_pub, reason = "each of the two reads a part of it")
)]

use std::collections::BTreeMap;
use std::panic::Location;
use std::time::Duration;

use tokio::task;
use tokio::time::Instant;

use super::kind::{Event, EventKind};
use crate::base::cause::Cause;
use crate::base::life::Id;

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
pub(crate) struct Row {
    pub(crate) id: Id,
    /// Inside of what it lives, if that is known and lives.
    pub(crate) parent: Option<Id>,
    pub(crate) name: String,
    pub(crate) place: &'static Location<'static>,
    pub(crate) task: Option<task::Id>,
    pub(crate) state: State,
    /// It has been in that state.
    pub(crate) since: Instant,
    pub(crate) entering: Instant,
    pub(crate) entered: Option<Instant>,
    pub(crate) exiting: Option<Instant>,
    pub(crate) ended: Option<Instant>,
    /// Of what it is at: its enter or its exit.
    pub(crate) budget: Option<Duration>,
    pub(crate) progress: Option<String>,
    pub(crate) cause: Option<Cause>,
    /// Beside whom it began to enter, and to exit, at once when that had.
    pub(crate) enter_unblocked_by: Option<Id>,
    pub(crate) exit_unblocked_by: Option<Id>,
    /// It is made of others, which have entries of their own.
    pub(crate) is_whole: bool,
    /// It was asked to stop.
    pub(crate) is_asked: bool,
    /// It lives in another task than what it lives in: it is no part of that, or of what that is a part of.
    pub(crate) is_beside: bool,
    /// How many that live have it as their parent, and how many of those are parts of it.
    inside: usize,
    parts: usize,
    /// Which of those had entered last, while it enters itself; and which had exited last, while it exits.
    last_entered: Option<Id>,
    last_exited: Option<Id>,
}

impl Row {
    /// To enter.
    pub(crate) fn took(&self) -> Duration {
        let took = self.entered.map(|entered| entered.duration_since(self.entering));
        took.unwrap_or_default()
    }

    pub(crate) fn has_parts(&self) -> bool {
        self.parts > 0
    }

    /// Whether something runs that has an end.
    pub(crate) fn is_under_way(&self) -> bool {
        self.state != State::Live
    }
}

#[derive(Clone, Default)]
pub(crate) struct Table(BTreeMap<Id, Row>);

impl Table {
    /// In the order in which they began.
    pub(crate) fn living(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.0.values()
    }

    pub(crate) fn get(&self, id: Id) -> Option<&Row> {
        self.0.get(&id)
    }

    /// Gives what has ended by that.
    pub(crate) fn take(&mut self, event: &Event<'_>) -> Option<Row> {
        self.take_in(event, event.parent())
    }

    /// As [`take`](Table::take), of what begins inside of that.
    pub(crate) fn take_in(&mut self, event: &Event<'_>, parent: Option<Id>) -> Option<Row> {
        let (id, at) = (event.id()?, event.at());
        let Some(life) = self.0.get_mut(&id) else {
            match event.kind() {
                EventKind::Entering { budget } => self.begin(id, parent, event, State::Entering, budget),
                EventKind::Opened => self.begin(id, parent, event, State::Live, None),
                _ => {}
            }
            return None;
        };
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
                if let Some(life) = self.0.get_mut(&id) {
                    life.exit_unblocked_by = by;
                }
            }
            EventKind::Abandoned { .. } => (life.state, life.since) = (State::Abandoned, at),
            EventKind::Progress { text } => self.progress(id, text),
            EventKind::Lost { .. }
            | EventKind::Interrupted { .. }
            | EventKind::EnterFailed { .. }
            | EventKind::EnterDropped { .. }
            | EventKind::Exited { .. }
            | EventKind::ExitFailed { .. }
            | EventKind::WentOn
            | EventKind::Closed { .. }
            | EventKind::Unwound { .. }
            | EventKind::Dropped { .. } => return self.end(id, at),
            // The rest of its life is told as that of another, which may have what lives inside.
            EventKind::HandedOn => drop(self.remove(id)),
            EventKind::StopRequested => life.is_asked = true,
            _ => {}
        }
        None
    }

    /// Said in a body, it is of what enters or exits around that.
    fn progress(&mut self, id: Id, text: &str) {
        let mut at = Some(id);
        while let Some(life) = at.and_then(|id| self.0.get_mut(&id)) {
            if life.is_under_way() {
                life.progress = Some(text.to_owned());
                return;
            }
            at = life.parent;
        }
    }

    fn begin(&mut self, id: Id, parent: Option<Id>, event: &Event<'_>, state: State, budget: Option<Duration>) {
        let parent = parent.filter(|parent| self.0.contains_key(parent));
        let by = self
            .parent_in(parent, State::Entering)
            .and_then(|parent| parent.last_entered);
        let mut is_beside = false;
        if let Some(parent) = parent.and_then(|parent| self.0.get_mut(&parent)) {
            is_beside = parent.is_beside || parent.task != event.task();
            parent.inside += 1;
            parent.parts += usize::from(!is_beside);
            parent.is_whole = true;
        }
        let life = Row {
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
            enter_unblocked_by: by,
            exit_unblocked_by: None,
            is_whole: false,
            is_asked: false,
            is_beside,
            inside: 0,
            parts: 0,
            last_entered: None,
            last_exited: None,
        };
        self.0.insert(id, life);
    }

    /// What it lives in, if that is in this state.
    fn parent_in(&mut self, parent: Option<Id>, state: State) -> Option<&mut Row> {
        self.0.get_mut(&parent?).filter(|parent| parent.state == state)
    }

    fn end(&mut self, id: Id, at: Instant) -> Option<Row> {
        let mut life = self.remove(id)?;
        life.ended = Some(at);
        if let Some(parent) = self.parent_in(life.parent, State::Exiting) {
            parent.last_exited = Some(id);
        }
        Some(life)
    }

    /// What is inside of a service that was asked to stop is its own affair: it says itself how far it has come.
    pub(crate) fn forget_inside(&mut self, around: Id) {
        let mut forgotten = vec![around];
        while let Some(around) = forgotten.pop() {
            let inside = self.0.values().filter(|life| life.parent == Some(around));
            let inside: Vec<_> = inside.map(|life| life.id).collect();
            self.0.retain(|id, _| !inside.contains(id));
            forgotten.extend(inside);
        }
        if let Some(around) = self.0.get_mut(&around) {
            (around.is_whole, around.inside, around.parts) = (false, 0, 0);
        }
    }

    /// What lived inside of it lives in what that lived in.
    fn remove(&mut self, id: Id) -> Option<Row> {
        let life = self.0.remove(&id)?;
        if life.inside > 0 {
            for inner in self.0.values_mut().filter(|inner| inner.parent == Some(id)) {
                inner.parent = life.parent;
            }
        }
        if let Some(parent) = life.parent.and_then(|parent| self.0.get_mut(&parent)) {
            parent.inside = parent.inside + life.inside - 1;
            parent.parts = parent.parts + life.parts - usize::from(!life.is_beside);
        }
        Some(life)
    }
}
