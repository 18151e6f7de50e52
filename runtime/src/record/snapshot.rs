//! [`Snapshot`]: what lives at one moment, as a tree.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::time::Duration;

use tokio::time::Instant;

use super::columns::Columns;
use crate::base::brief::brief;
use crate::event::Id;
use crate::event::table::{Row, State, Table};

/// What lives at one moment: each thing inside of what it lives in, in the order in which they began.
///
/// `Display` is a tree with columns, for a log or a terminal:
///
/// ```text
/// NAME       STATE    SINCE                     ENTERED IN  ENTERED AT
/// App        exiting  4.2 s, waits for worker   201 ms      src/main.rs:41
/// ├─ pool    live     7.0 s                     201 ms      src/main.rs:17
/// └─ worker  exiting  4.2 s of 30 s ("3 of 9")  0 ms        src/main.rs:23
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Snapshot {
    living: Vec<Living>,
}

/// Something that lives.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Living {
    /// Its number, as that of its events.
    pub id: u64,
    /// The number of what it lives in.
    pub parent: Option<u64>,
    /// How many there are around it.
    pub depth: usize,
    /// Its name.
    pub name: String,
    /// The names of those around it and its own: `App.storage.db`.
    pub path: String,
    /// How far it has come.
    pub state: State,
    /// How long it has been in that state.
    pub since: Duration,
    /// How long its enter took, if it has entered.
    pub took: Option<Duration>,
    /// How long its enter or exit may take, if it is at that and has a budget.
    pub budget: Option<Duration>,
    /// How far it says that it has come.
    pub progress: Option<String>,
    /// The names of those inside of it that enter or exit, if it does so itself: what it waits for.
    pub waits_for: Vec<String>,
    /// Where it was entered.
    pub entered_at: String,
    /// The task in which it was entered.
    pub task: Option<String>,
}

/// What lives, by what it lives in.
type LivesInside<'a> = HashMap<Option<Id>, Vec<&'a Row>>;

impl Snapshot {
    pub(super) fn of(table: &Table) -> Self {
        let mut inside = LivesInside::new();
        for life in table.living() {
            inside.entry(life.parent).or_default().push(life);
        }
        let mut snapshot = Snapshot { living: Vec::new() };
        snapshot.add(&inside, None, "", 0, Instant::now());
        snapshot
    }

    fn add(&mut self, lives: &LivesInside<'_>, parent: Option<Id>, path: &str, depth: usize, now: Instant) {
        for life in lives.get(&parent).into_iter().flatten() {
            let path = match path {
                "" => life.name.clone(),
                path => format!("{path}.{}", life.name),
            };
            let inside = lives.get(&Some(life.id)).into_iter().flatten();
            let under_way = inside.filter(|inner| life.is_under_way() && inner.is_under_way());
            let waits_for = under_way.map(|inner| inner.name.clone()).collect();
            self.living.push(Living::new(life, path.clone(), depth, waits_for, now));
            self.add(lives, Some(life.id), &path, depth + 1, now);
        }
    }

    /// What lives: each is followed by what lives inside of it.
    pub fn iter(&self) -> std::slice::Iter<'_, Living> {
        self.living.iter()
    }

    /// How many live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.living.len()
    }

    /// Whether nothing lives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.living.is_empty()
    }
}

impl<'a> IntoIterator for &'a Snapshot {
    type Item = &'a Living;
    type IntoIter = std::slice::Iter<'a, Living>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Living {
    fn new(life: &Row, path: String, depth: usize, waits_for: Vec<String>, now: Instant) -> Self {
        Living {
            id: life.id.get(),
            parent: life.parent.map(Id::get),
            depth,
            name: life.name.clone(),
            path,
            state: life.state,
            since: now.duration_since(life.since),
            took: life.entered.map(|entered| entered.duration_since(life.entering)),
            budget: life.budget,
            progress: life.progress.clone(),
            waits_for,
            entered_at: format!("{}:{}", life.place.file(), life.place.line()),
            task: life.task.map(|task| task.to_string()),
        }
    }

    fn cells(&self, tree: String) -> [String; 5] {
        let mut since = brief(self.since);
        if let Some(budget) = self.budget {
            let _ = write!(since, " of {}", brief(budget));
        }
        if let Some(progress) = &self.progress {
            let _ = write!(since, " (\"{progress}\")");
        }
        if !self.waits_for.is_empty() {
            let _ = write!(since, ", waits for {}", self.waits_for.join(", "));
        }
        let took = self.took.map_or_else(String::new, brief);
        [tree, self.state.to_string(), since, took, self.entered_at.clone()]
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Entering => "entering",
            State::Live => "live",
            State::Abandoned => "abandoned",
            State::Exiting => "exiting",
        })
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing lives");
        }
        let mut columns = Columns::new(["NAME", "STATE", "SINCE", "ENTERED IN", "ENTERED AT"]);
        // Whether another one follows, at each depth.
        let mut follows: Vec<bool> = Vec::new();
        for (at, living) in self.living.iter().enumerate() {
            let after = self.living[at + 1..]
                .iter()
                .take_while(|next| next.depth >= living.depth);
            let is_last = !after.into_iter().any(|next| next.depth == living.depth);
            follows.truncate(living.depth);
            let mut tree = String::new();
            if living.depth > 0 {
                tree.extend(follows[1..].iter().map(|follows| if *follows { "│  " } else { "   " }));
                tree += if is_last { "└─ " } else { "├─ " };
            }
            follows.push(!is_last);
            columns.push(living.cells(tree + &living.name));
        }
        columns.fmt(f)
    }
}
