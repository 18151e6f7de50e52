//! [`Told`]: what lives inside of a run, as its commentary knows it, and the lines that are made of that.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::iter::successors;
use std::panic::Location;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::brief::brief;
use crate::base::entry::Subject;
use crate::base::life::Id;
use crate::base::run_state::RunState;
use crate::error::Error;
use crate::event::table::{Row, State, Table};
use crate::event::{Event, EventKind};

pub(super) struct Told {
    pub(super) name: String,
    /// What runs in it is no part of anything else.
    root: Id,
    members: Table,
    /// The cancel scopes in it, and what each is in.
    scopes: BTreeMap<Id, Id>,
    /// `Stopped` once a signal has ended the waiting.
    pub(super) phase: RunState,
    since: Instant,
    /// When to say what it waits for.
    pub(super) due: Option<Instant>,
    pub(super) stop_signal: Option<&'static str>,
    /// How many there were to stop.
    to_stop: usize,
}

/// A name, a state, a place.
pub(super) type Cells = [String; 3];

impl Told {
    pub(super) fn new(name: String, root: Id) -> Self {
        Told {
            name,
            root,
            members: Table::default(),
            scopes: BTreeMap::new(),
            phase: RunState::Ready,
            since: Instant::now(),
            due: None,
            stop_signal: None,
            to_stop: 0,
        }
    }

    pub(super) fn begin(&mut self, phase: RunState, after: Duration) {
        let now = Instant::now();
        (self.phase, self.since, self.due) = (phase, now, now.checked_add(after));
        self.to_stop = self.leaves().count();
    }

    /// How long the phase has lasted.
    pub(super) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// Gives the row of what has run out of time by that.
    pub(super) fn take(&mut self, event: &Event<'_>, after: Duration) -> Option<Cells> {
        let id = event.id()?;
        match event.kind() {
            EventKind::Entering { .. } | EventKind::Opened => {
                self.begins(id, event);
                return None;
            }
            EventKind::Closed { .. } | EventKind::Unwound { .. } | EventKind::Dropped { .. } => {
                self.scopes.remove(&id);
                return None;
            }
            _ => {}
        }
        let member = self.members.get(id)?;
        let is_late = |error: &Error| error.is_timeout() && error.subject().life.is_some_and(|life| life.id == id);
        let is_late = self.is_awaited() && event.error().is_some_and(is_late);
        let late = is_late.then(|| cells(member, "late"));
        match event.kind() {
            EventKind::Progress { .. } => {
                let later = event.at().checked_add(after);
                self.due = self.due.map(|due| later.map_or(due, |later| due.max(later)));
            }
            EventKind::StopRequested => self.members.forget_inside(id),
            _ => {}
        }
        self.members.take(event);
        late
    }

    /// A cancel scope has no row: what is inside of it is inside of what it is in.
    fn begins(&mut self, id: Id, event: &Event<'_>) {
        let Some(parent) = event.parent() else { return };
        let parent = self.scopes.get(&parent).copied().unwrap_or(parent);
        if !self.is_awaited() || !self.is_told(parent) {
            return;
        }
        if let EventKind::Opened = event.kind() {
            self.scopes.insert(id, parent);
        } else {
            self.members.take_in(event, Some(parent));
        }
    }

    fn is_awaited(&self) -> bool {
        matches!(self.phase, RunState::Starting | RunState::Stopping)
    }

    /// Whether what lives in this is a part of the run.
    fn is_told(&self, parent: Id) -> bool {
        parent == self.root || self.members.get(parent).is_some_and(|around| !around.is_asked)
    }

    /// All members are there.
    pub(super) fn started(&mut self) -> String {
        let mut slowest: Vec<_> = self.leaves().filter(|member| !member.took().is_zero()).collect();
        slowest.sort_by_key(|member| std::cmp::Reverse(member.took()));
        let of = slowest.iter().take(3);
        let of: Vec<_> = of
            .map(|member| format!("{} {}", member.name, brief(member.took())))
            .collect();
        let mut line = format!("{} started in {}", self.name, brief(self.elapsed()));
        if !of.is_empty() {
            let _ = write!(line, ": {}", of.join(", "));
        }
        (self.phase, self.due) = (RunState::Ready, None);
        line
    }

    /// What nothing else is a part of. What a service or a child enters in its own task is its own affair.
    fn leaves(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.members
            .living()
            .filter(|member| !member.has_parts() && !member.is_beside)
    }

    /// What is waited for, the longest first.
    fn awaited(&self) -> Vec<&Row> {
        let is_around = |member: &Row| {
            let mut inside = self.members.living().filter(|inner| inner.parent == Some(member.id));
            inside.any(is_awaited)
        };
        let awaited = self
            .members
            .living()
            .filter(|member| is_awaited(member) && !is_around(member));
        let mut awaited: Vec<_> = awaited.collect();
        awaited.sort_by_key(|member| member.since);
        awaited
    }

    /// What it waits for, if it does: the leaf first.
    pub(super) fn slow_line(&self, elsewhere: &[Subject]) -> Option<String> {
        let (left, name) = (self.leaves().count(), &self.name);
        let mut line = match self.phase {
            RunState::Ready | RunState::Draining | RunState::Stopped => return None,
            RunState::Starting => format!("starting {name}: "),
            RunState::Stopping if left == 0 => format!("stopping {name}: "),
            RunState::Stopping => format!("{left} of {} still to stop: ", self.to_stop.max(left)),
        };
        match (self.awaited().first(), elsewhere.first()) {
            (Some(leaf), _) => {
                let _ = write!(line, "{} {}", leaf.name, time(leaf));
                if self.phase == RunState::Stopping {
                    line += &self.held_up(leaf);
                }
                let _ = write!(line, "; entered at {}:{}", leaf.place.file(), leaf.place.line());
            }
            (None, Some(subject)) => {
                let _ = write!(line, "{}, which ends in a task of its own", subject.name.as_str());
                let _ = write!(line, "; entered at {}:{}", subject.place.file(), subject.place.line());
            }
            (None, None) => return None,
        }
        match (self.phase, self.stop_signal) {
            (RunState::Stopping, Some(signal)) => {
                let _ = write!(line, "; {signal} again to stop waiting");
            }
            (RunState::Stopping, None) => {}
            _ => line += "; a signal cancels it",
        }
        Some(line)
    }

    /// What is still up beside it and what that is a part of, and had entered before that began: it may be needed there.
    fn held_up(&self, leaf: &Row) -> String {
        let around = successors(Some(leaf), |inner| self.members.get(inner.parent?));
        let around: Vec<_> = around.collect();
        let is_before = |member: &Row, at: &Row| {
            let had_entered = member.entered.is_some_and(|entered| entered <= at.entering);
            member.parent == at.parent && member.id < at.id && had_entered
        };
        let others = self.members.living().filter(|member| member.state == State::Live);
        let others = others.filter(|member| around.iter().any(|at| is_before(member, at)));
        let others: Vec<_> = others.map(|member| &*member.name).collect();
        match others[..] {
            [] => String::new(),
            [one] => format!(", holds up {one}"),
            [one, another] => format!(", holds up {another} and {one}"),
            [.., last] => format!(", holds up {last} and {} more", others.len() - 1),
        }
    }

    /// A line for each that has not ended: first those that are waited for, the slowest first.
    pub(super) fn table(&self, late: Option<Cells>, elsewhere: &[Subject]) -> String {
        let mut rows: Vec<_> = late.into_iter().collect();
        for member in self.awaited().into_iter().filter(|member| !member.is_whole) {
            let is_entering = member.state == State::Entering;
            rows.push(cells(member, if is_entering { "enters" } else { "exits" }));
        }
        for member in self.leaves().rev().filter(|member| member.state == State::Live) {
            rows.push([member.name.clone(), "not begun".to_owned(), place(member.place)]);
        }
        for subject in elsewhere {
            let name = subject.name.as_str().to_owned();
            rows.push([name, "in a task of its own".to_owned(), place(subject.place)]);
        }
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let (first, second) = (width(0), width(1));
        let mut table = String::new();
        for [name, state, place] in &rows {
            let _ = write!(table, "\n  {name:first$}  {state:second$}  {place}");
        }
        table
    }
}

fn is_awaited(member: &Row) -> bool {
    matches!(member.state, State::Entering | State::Exiting)
}

fn cells(member: &Row, state: &str) -> Cells {
    [
        member.name.clone(),
        format!("{state} {}", time(member)),
        place(member.place),
    ]
}

/// How long it has taken so far, of how much, and how far it says that it has come.
fn time(member: &Row) -> String {
    let mut time = format!("{:.1} s", member.since.elapsed().as_secs_f64());
    if let Some(budget) = member.budget {
        let _ = write!(time, " of {}", brief(budget));
    }
    if let Some(progress) = &member.progress {
        let _ = write!(time, " (\"{progress}\")");
    }
    time
}

fn place(place: &Location<'_>) -> String {
    format!("{}:{}", place.file(), place.line())
}
