//! The longest paths through a plan: which members decide how long it takes, and who has no bound (law 22).

use std::time::Duration;

use super::Plan;
use super::draft::{DraftKind, DraftMember};
use crate::base::policy::DEFAULT_GRACE;

/// Which end of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Enter,
    Exit,
}

/// What something takes at worst. What has no bound takes longer than anything that has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time {
    /// So many things in a row without one.
    unbounded: usize,
    bounded: Duration,
}

/// The members that take longest, one after the other, in the order they enter; those that take no time are left out.
#[derive(Debug, Default)]
pub(super) struct Longest {
    time: Time,
    pub(super) members: Vec<usize>,
}

impl Time {
    const UNBOUNDED: Time = Time {
        unbounded: 1,
        bounded: Duration::ZERO,
    };

    fn at_most(bounded: Duration) -> Self {
        Time { unbounded: 0, bounded }
    }

    pub(super) fn bound(self) -> Option<Duration> {
        (self.unbounded == 0).then_some(self.bounded)
    }

    fn and_then(self, next: Time) -> Self {
        Time {
            unbounded: self.unbounded + next.unbounded,
            bounded: self.bounded.saturating_add(next.bounded),
        }
    }
}

/// A budget, and what is waited for after it.
fn with_grace(budget: Duration, graces: u32) -> Time {
    Time::at_most(budget.saturating_add(DEFAULT_GRACE.saturating_mul(graces)))
}

impl Plan {
    /// What the whole takes.
    pub(super) fn time(&self, side: Side) -> Time {
        self.time_within(side, self.budget(side))
    }

    fn time_within(&self, side: Side, budget: Option<Duration>) -> Time {
        let path = self.longest(side).time;
        match budget {
            Some(budget) => path.min(with_grace(budget, self.graces(side))),
            None => path,
        }
    }

    /// The longest of all paths: to each member its own time is added to that of the longest path before it.
    ///
    /// Exits go the other way along the same paths.
    pub(super) fn longest(&self, side: Side) -> Longest {
        let mut until: Vec<(Time, Option<usize>)> = Vec::with_capacity(self.drafts().len());
        for member in self.drafts() {
            let before = member.needs.iter().copied().max_by_key(|&needed| until[needed].0);
            let begun = before.map_or(Time::default(), |before| until[before].0);
            until.push((begun.and_then(member.time(side)), before));
        }
        let mut longest = Longest::default();
        let mut next = (0..until.len()).max_by_key(|&at| until[at].0);
        longest.time = next.map_or(Time::default(), |last| until[last].0);
        while let Some(at) = next {
            if self.drafts()[at].time(side) > Time::default() {
                longest.members.push(at);
            }
            next = until[at].1;
        }
        longest.members.reverse();
        longest
    }

    pub(super) fn unbounded(&self, side: Side) -> Vec<String> {
        self.unbounded_within(side, self.budget(side))
    }

    fn unbounded_within(&self, side: Side, budget: Option<Duration>) -> Vec<String> {
        if budget.is_some() {
            return Vec::new();
        }
        let each = self.drafts().iter().flat_map(|member| member.unbounded(side));
        each.collect()
    }

    fn budget(&self, side: Side) -> Option<Duration> {
        match side {
            Side::Enter => self.enter_budget(),
            Side::Exit => self.exit_budget(),
        }
    }

    /// How often something may be waited for when the budget of the whole has run out: all enters are told at once; the
    /// exits that are left still begin, one after the other.
    fn graces(&self, side: Side) -> u32 {
        match side {
            Side::Enter => 1,
            Side::Exit => self.exits(),
        }
    }

    fn exits(&self) -> u32 {
        let each = self.drafts().iter().map(|member| match &member.kind {
            DraftKind::Resource => 1,
            DraftKind::Value => 0,
            DraftKind::Nested(plan) => plan.exits(),
        });
        each.fold(0, u32::saturating_add)
    }
}

impl DraftMember {
    /// What it takes by itself.
    pub(super) fn time(&self, side: Side) -> Time {
        match (&self.kind, self.budget(side)) {
            (DraftKind::Value, _) => Time::default(),
            (DraftKind::Resource, Some(budget)) => with_grace(budget, 1),
            (DraftKind::Resource, None) => Time::UNBOUNDED,
            (DraftKind::Nested(plan), budget) => plan.time_within(side, budget),
        }
    }

    fn unbounded(&self, side: Side) -> Vec<String> {
        match (&self.kind, self.budget(side)) {
            (DraftKind::Resource, None) => vec![self.name.to_owned()],
            (DraftKind::Nested(plan), budget) => {
                let inner = plan.unbounded_within(side, budget).into_iter();
                inner.map(|inner| format!("{}.{inner}", self.name)).collect()
            }
            (DraftKind::Resource | DraftKind::Value, _) => Vec::new(),
        }
    }

    /// The budget it has in this plan. That of a nested lifespan is its own, unless another is given to it, be it none.
    pub(super) fn budget(&self, side: Side) -> Option<Duration> {
        match side {
            Side::Enter => self.enter_budget,
            Side::Exit => self.exit_budget,
        }
    }
}
