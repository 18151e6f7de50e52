//! [`Table`]: what lives inside of a run, as its commentary knows it, and the lines that are made of that.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::Location;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::brief::brief;
use crate::base::entry::Subject;
use crate::base::life::Id;
use crate::error::Error;
use crate::event::{Event, EventKind};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Starting,
    Serving,
    Draining,
    Stopping,
    /// A signal has ended the waiting.
    Left,
}

pub(super) struct Table {
    pub(super) name: String,
    /// What runs in it is no part of anything else.
    root: Id,
    /// In the order in which they began to enter.
    members: BTreeMap<Id, Member>,
    pub(super) phase: Phase,
    since: Instant,
    /// When to say what it waits for.
    pub(super) due: Option<Instant>,
    pub(super) stop_signal: Option<&'static str>,
    /// How many there were to stop.
    to_stop: usize,
}

struct Member {
    name: String,
    place: &'static Location<'static>,
    parent: Id,
    state: State,
    since: Instant,
    budget: Option<Duration>,
    /// To enter.
    took: Duration,
    progress: Option<String>,
    /// It is made of others, which have rows of their own.
    is_whole: bool,
    /// A service that was asked to stop.
    is_asked: bool,
}

/// A name, a state, a place.
pub(super) type Row = [String; 3];

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Entering,
    Up,
    Exiting,
}

impl Table {
    pub(super) fn new(name: String, root: Id) -> Self {
        Table {
            name,
            root,
            members: BTreeMap::new(),
            phase: Phase::Serving,
            since: Instant::now(),
            due: None,
            stop_signal: None,
            to_stop: 0,
        }
    }

    pub(super) fn begin(&mut self, phase: Phase, after: Duration) {
        let now = Instant::now();
        (self.phase, self.since, self.due) = (phase, now, now.checked_add(after));
        self.to_stop = self.leaves().count();
    }

    /// How long the phase has lasted.
    pub(super) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// Gives the row of what has run out of time by that.
    pub(super) fn take(&mut self, event: &Event<'_>, after: Duration) -> Option<Row> {
        let (id, parent) = (event.id()?, event.parent()?);
        if let EventKind::Entering { budget } = event.kind() {
            let mut around = self.members.get_mut(&parent);
            if let Some(around) = &mut around {
                if around.is_asked {
                    return None;
                }
                around.is_whole = true;
            }
            if parent == self.root || around.is_some() {
                self.members.insert(id, Member::new(event, parent, budget));
            }
            return None;
        }
        let member = self.members.get_mut(&id)?;
        let is_late = |error: &Error| error.is_timeout() && error.subject().life.is_some_and(|life| life.id == id);
        let late = event.error().is_some_and(is_late).then(|| member.row("late"));
        match event.kind() {
            EventKind::Entered { took } => {
                (member.state, member.took, member.progress) = (State::Up, took, None);
            }
            EventKind::Exiting { budget, .. } => {
                (member.state, member.since, member.budget) = (State::Exiting, event.at(), budget);
            }
            EventKind::Progress { text } => {
                member.progress = Some(text.to_owned());
                let later = event.at().checked_add(after);
                self.due = self.due.map(|due| later.map_or(due, |later| due.max(later)));
            }
            EventKind::Exited { .. }
            | EventKind::ExitFailed { .. }
            | EventKind::EnterFailed { .. }
            | EventKind::EnterDropped { .. }
            | EventKind::Lost { .. }
            | EventKind::Interrupted { .. }
            | EventKind::HandedOn
            | EventKind::WentOn => {
                self.members.remove(&id);
            }
            EventKind::StopRequested => {
                (member.is_asked, member.is_whole) = (true, false);
                self.forget_inside(id);
            }
            _ => {}
        }
        late
    }

    /// What is inside of a service is its own affair: it says itself how far it has come.
    fn forget_inside(&mut self, around: Id) {
        let mut forgotten = vec![around];
        while let Some(around) = forgotten.pop() {
            let inside = self.members.iter().filter(|(_, member)| member.parent == around);
            let inside: Vec<_> = inside.map(|(id, _)| *id).collect();
            self.members.retain(|id, _| !inside.contains(id));
            forgotten.extend(inside);
        }
    }

    /// All members are there.
    pub(super) fn started(&mut self) -> String {
        let mut slowest: Vec<_> = self.leaves().filter(|(_, member)| !member.took.is_zero()).collect();
        slowest.sort_by_key(|(_, member)| std::cmp::Reverse(member.took));
        let of = slowest.iter().take(3);
        let of: Vec<_> = of
            .map(|(_, member)| format!("{} {}", member.name, brief(member.took)))
            .collect();
        let mut line = format!("{} started in {}", self.name, brief(self.elapsed()));
        if !of.is_empty() {
            let _ = write!(line, ": {}", of.join(", "));
        }
        (self.phase, self.due) = (Phase::Serving, None);
        line
    }

    /// What nothing else is inside of.
    fn leaves(&self) -> impl Iterator<Item = (&Id, &Member)> {
        let is_around = |id: &Id| self.members.values().any(|member| member.parent == *id);
        self.members.iter().filter(move |(id, _)| !is_around(id))
    }

    /// What is waited for, the longest first.
    fn awaited(&self) -> Vec<&Member> {
        let is_under_way = |member: &Member| member.state != State::Up;
        let is_around = |id: &Id| {
            let mut inside = self.members.values().filter(|member| member.parent == *id);
            inside.any(is_under_way)
        };
        let awaited = self
            .members
            .iter()
            .filter(|(id, member)| is_under_way(member) && !is_around(id));
        let mut awaited: Vec<_> = awaited.map(|(_, member)| member).collect();
        awaited.sort_by_key(|member| member.since);
        awaited
    }

    /// What it waits for, if it does: the leaf first.
    pub(super) fn slow_line(&self, elsewhere: &[Subject]) -> Option<String> {
        let (left, name) = (self.leaves().count(), &self.name);
        let mut line = match self.phase {
            Phase::Serving | Phase::Draining | Phase::Left => return None,
            Phase::Starting => format!("starting {name}: "),
            Phase::Stopping if left == 0 => format!("stopping {name}: "),
            Phase::Stopping => format!("{left} of {} still to stop: ", self.to_stop.max(left)),
        };
        match (self.awaited().first(), elsewhere.first()) {
            (Some(leaf), _) => {
                let _ = write!(line, "{} {}", leaf.name, leaf.time());
                if self.phase == Phase::Stopping {
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
            (Phase::Stopping, Some(signal)) => {
                let _ = write!(line, "; {signal} again to stop waiting");
            }
            (Phase::Stopping, None) => {}
            _ => line += "; a signal cancels it",
        }
        Some(line)
    }

    /// Who is still up beside it, and exits later.
    fn held_up(&self, leaf: &Member) -> String {
        let others = self.members.values();
        let others = others.filter(|member| member.parent == leaf.parent && member.state == State::Up);
        let others: Vec<_> = others.map(|member| &*member.name).collect();
        match others[..] {
            [] => String::new(),
            [one] => format!(", holds up {one}"),
            [one, another] => format!(", holds up {another} and {one}"),
            [.., last] => format!(", holds up {last} and {} more", others.len() - 1),
        }
    }

    /// A line for each that has not ended: first those that are waited for, the slowest first.
    pub(super) fn table(&self, late: Option<Row>, elsewhere: &[Subject]) -> String {
        let mut rows: Vec<_> = late.into_iter().collect();
        for member in self.awaited().into_iter().filter(|member| !member.is_whole) {
            let is_entering = member.state == State::Entering;
            rows.push(member.row(if is_entering { "enters" } else { "exits" }));
        }
        let up = self.leaves().filter(|(_, member)| member.state == State::Up);
        let mut up: Vec<_> = up.collect();
        up.reverse();
        for (_, member) in up {
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

impl Member {
    fn new(event: &Event<'_>, parent: Id, budget: Option<Duration>) -> Self {
        Member {
            name: event.name().to_owned(),
            place: event.place(),
            parent,
            state: State::Entering,
            since: event.at(),
            budget,
            took: Duration::ZERO,
            progress: None,
            is_whole: false,
            is_asked: false,
        }
    }

    fn row(&self, state: &str) -> Row {
        [self.name.clone(), format!("{state} {}", self.time()), place(self.place)]
    }

    /// How long it has taken so far, of how much, and how far it says that it has come.
    fn time(&self) -> String {
        let mut time = format!("{:.1} s", self.since.elapsed().as_secs_f64());
        if let Some(budget) = self.budget {
            let _ = write!(time, " of {}", brief(budget));
        }
        if let Some(progress) = &self.progress {
            let _ = write!(time, " (\"{progress}\")");
        }
        time
    }
}

fn place(place: &Location<'_>) -> String {
    format!("{}:{}", place.file(), place.line())
}
