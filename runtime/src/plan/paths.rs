//! The longest paths through a plan: which members decide how long it takes, and who has no bound (law 22).

use std::time::Duration;

use crate::base::policy::DEFAULT_GRACE;

/// Which end of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlanSide {
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
    pub(super) time: Time,
    pub(super) members: Vec<usize>,
}

impl Time {
    pub(super) const UNBOUNDED: Time = Time { unbounded: 1, bounded: Duration::ZERO };

    /// A budget, and what is waited for after it, so many times.
    pub(super) fn within(budget: Duration, graces: u32) -> Self {
        Time {
            unbounded: 0,
            bounded: budget.saturating_add(DEFAULT_GRACE.saturating_mul(graces)),
        }
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

/// The longest of all paths: to the time of each member, which comes after those that it needs, that of the longest path before it
/// is added.
///
/// Exits go the other way along the same paths.
pub(super) fn longest<'a>(members: impl Iterator<Item = (&'a [usize], Time)>) -> Longest {
    let (mut own, mut until) = (Vec::new(), Vec::<(Time, Option<usize>)>::new());
    for (needs, time) in members {
        let before = needs.iter().copied().max_by_key(|&needed| until[needed].0);
        let begun = before.map_or(Time::default(), |before| until[before].0);
        until.push((begun.and_then(time), before));
        own.push(time);
    }
    let mut longest = Longest::default();
    let mut next = (0..until.len()).max_by_key(|&at| until[at].0);
    longest.time = next.map_or(Time::default(), |last| until[last].0);
    while let Some(at) = next {
        if own[at] > Time::default() {
            longest.members.push(at);
        }
        next = until[at].1;
    }
    longest.members.reverse();
    longest
}
