//! [`Timeline`]: what lived and when, as far as a recorder has kept it; and what was waited for on the way up and on the way down.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::base::cause::Cause;
use crate::event::Id;
use crate::event::table::{Row, Table};

/// What lived and when: a bar for each, in the order in which they began.
///
/// It draws itself as [text](Timeline::text), as an [SVG](Timeline::svg), and with the feature `serde` as a Chrome trace and as lines of
/// JSON.
#[derive(Clone, Debug)]
pub struct Timeline {
    bars: Vec<Bar>,
    length: Duration,
}

/// The life of one thing. Times are counted from the first of the timeline.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// The bar of what it lived in.
    pub parent: Option<usize>,
    /// How many there are around it.
    pub depth: usize,
    /// Where it was entered.
    pub entered_at: String,
    /// When its enter began.
    pub entering: Duration,
    /// When it had entered, if it did.
    pub entered: Option<Duration>,
    /// When its exit began, if it did.
    pub exiting: Option<Duration>,
    /// When it had ended, if it has.
    pub ended: Option<Duration>,
    /// Why it exited.
    pub cause: Option<Cause>,
    /// How it failed, if it did.
    pub failed: Option<String>,
    /// Whether a budget ran out.
    pub is_late: bool,
    /// The bar of what had entered just before it began: what it waited for.
    pub enter_unblocked_by: Option<usize>,
    /// The bar of what had exited just before its exit began.
    pub exit_unblocked_by: Option<usize>,
    /// Whether the start of what it lived in took as long as it did because of it.
    pub is_on_start_path: bool,
    /// Whether the stop of what it lived in took as long as it did because of it.
    pub is_on_stop_path: bool,
}

/// What has ended, and how it failed.
#[derive(Clone)]
pub(super) struct EndedLife {
    pub(super) life: Row,
    pub(super) failed: Option<String>,
    /// A budget ran out.
    pub(super) is_late: bool,
}

impl Timeline {
    pub(super) fn of(living: &Table, ended: &VecDeque<EndedLife>) -> Self {
        let living = living.living().map(|life| (life, None));
        let mut lives: Vec<_> = ended
            .iter()
            .map(|ended| (&ended.life, Some(ended)))
            .chain(living)
            .collect();
        lives.sort_by_key(|(life, _)| life.id);
        let places = lives.iter().enumerate().map(|(at, (life, _))| (life.id, at));
        let places: HashMap<Id, usize> = places.collect();
        let start = lives.iter().map(|(life, _)| life.entering).min();
        let start = start.unwrap_or_else(Instant::now);
        let mut bars: Vec<Bar> = Vec::with_capacity(lives.len());
        for (life, ended) in lives {
            let place = |id: Option<Id>| id.and_then(|id| places.get(&id).copied());
            let parent = place(life.parent);
            let depth = parent
                .and_then(|parent| bars.get(parent))
                .map_or(0, |parent| parent.depth + 1);
            let by = [place(life.enter_unblocked_by), place(life.exit_unblocked_by)];
            bars.push(Bar {
                failed: ended.and_then(|ended| ended.failed.clone()),
                is_late: ended.is_some_and(|ended| ended.is_late),
                ..Bar::new(life, start, parent, depth, by)
            });
        }
        let is_live = bars.iter().any(|bar| bar.ended.is_none());
        let last = bars.iter().flat_map(Bar::times).max().unwrap_or_default();
        let length = if is_live { start.elapsed() } else { last };
        let mut timeline = Timeline { bars, length };
        timeline.mark_paths();
        timeline
    }

    /// The bars, in the order in which they began to enter.
    #[must_use]
    pub fn bars(&self) -> &[Bar] {
        &self.bars
    }

    /// From the first that began to the last that ended, or to the call that made this if something lives.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }

    /// What decides how long something takes to start and to stop: the last in it that is done, and what that waited for.
    fn mark_paths(&mut self) {
        let mut inside = vec![Vec::new(); self.bars.len()];
        for (at, bar) in self.bars.iter().enumerate() {
            if let Some(parent) = bar.parent {
                inside[parent].push(at);
            }
        }
        for (parent, inside) in inside.into_iter().enumerate() {
            let (until, since) = (self.bars[parent].entered, self.bars[parent].exiting);
            let bars = &self.bars;
            let started = inside
                .iter()
                .copied()
                .filter(|at| bars[*at].entered.is_some() && bars[*at].entered <= until);
            let stopped = inside
                .iter()
                .copied()
                .filter(|at| since.is_some() && bars[*at].exiting >= since);
            // What still exits ends last.
            let (start, stop) = (
                started.max_by_key(|at| bars[*at].entered),
                stopped.max_by_key(|at| bars[*at].ended.unwrap_or(Duration::MAX)),
            );
            self.mark(start, |bar| (&mut bar.is_on_start_path, bar.enter_unblocked_by));
            self.mark(stop, |bar| (&mut bar.is_on_stop_path, bar.exit_unblocked_by));
        }
    }

    /// It, and what it waited for.
    fn mark(&mut self, mut next: Option<usize>, path: fn(&mut Bar) -> (&mut bool, Option<usize>)) {
        while let Some(bar) = next.and_then(|at| self.bars.get_mut(at)) {
            let (is_on_path, before) = path(bar);
            next = before.filter(|_| !*is_on_path);
            *is_on_path = true;
        }
    }
}

impl Bar {
    fn new(life: &Row, start: Instant, parent: Option<usize>, depth: usize, unblocked_by: [Option<usize>; 2]) -> Self {
        let time = |at: Option<Instant>| at.map(|at| at.duration_since(start));
        let [enter_unblocked_by, exit_unblocked_by] = unblocked_by;
        Bar {
            name: life.name.clone(),
            parent,
            depth,
            entered_at: format!("{}:{}", life.place.file(), life.place.line()),
            entering: life.entering.duration_since(start),
            entered: time(life.entered),
            exiting: time(life.exiting),
            ended: time(life.ended),
            cause: life.cause,
            failed: None,
            is_late: false,
            enter_unblocked_by,
            exit_unblocked_by,
            is_on_start_path: false,
            is_on_stop_path: false,
        }
    }

    fn times(&self) -> impl Iterator<Item = Duration> {
        [Some(self.entering), self.entered, self.exiting, self.ended]
            .into_iter()
            .flatten()
    }

    /// When its enter had ended, its life, and its exit; each not before the one before it.
    pub(super) fn ends(&self, length: Duration) -> [Duration; 3] {
        let end = self.ended.unwrap_or(length);
        let entered = self.entered.unwrap_or(end);
        [entered, self.exiting.unwrap_or(end).max(entered), end.max(entered)]
    }

    /// Whether it was exited since what it is a part of has not entered.
    #[must_use]
    pub fn is_rolled_back(&self) -> bool {
        self.cause == Some(Cause::RolledBack)
    }
}
