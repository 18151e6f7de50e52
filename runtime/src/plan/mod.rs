//! [`Plan`]: the graph of a lifespan, known before it runs: members, dependencies, budgets, and what follows from them
//! (law 22).
//!
//! [`draft`] is the plain data that generated code gives; [`paths`] finds the longest paths; [`tree`] and [`mermaid`] draw.

use std::time::Duration;

pub(crate) mod draft;
mod member;
mod mermaid;
mod paths;
#[cfg(test)]
mod tests;
mod tree;

use draft::{Draft, DraftMember};
pub use member::PlanMember;
use mermaid::Mermaid;
use paths::Side;

/// What a lifespan consists of, and how long it may take: known without running anything.
///
/// `Display` draws it as a tree, for a log line at start-up; [`mermaid`](Plan::mermaid) as a flowchart, for documents.
///
/// It is made for tests. Will the process be gone before the supervisor kills it?
///
/// ```
/// # use std::time::Duration;
/// # struct Pool; struct Http;
/// # #[lifespan::scoped_resource] impl Pool { #[enter] async fn open() -> Self { Pool } #[exit] async fn close(self) {} }
/// # #[lifespan::scoped_resource] impl Http { #[enter] async fn open(_: &Pool) -> Self { Http } #[exit] async fn close(self) {} }
/// #[lifespan::lifespan]
/// struct App {
///     #[enter(|| Pool::open())]
///     #[exit(timeout = "5s")]
///     pool: Pool,
///     #[enter(|pool| Http::open(pool))]
///     #[exit(timeout = "5s")]
///     http: Http,
/// }
///
/// let plan = App::plan();
/// assert_eq!(plan.unbounded_exit(), [""; 0]);
/// assert!(plan.worst_case_exit().is_some_and(|worst| worst <= Duration::from_secs(20)));
/// ```
///
/// (Not `worst_case_exit() <= Some(..)`: to Rust, `None` is the smallest of all.)
///
/// # What the worst case is
///
/// Each member counts with its budget and one second of grace, which is what is waited for something that does not react
/// (law 13); a nested lifespan counts with its own worst case. Members that do not depend on each other overlap, so the
/// longest path decides (law 18 on the way in, law 7 on the way out).
///
/// A budget for the whole caps that. It, too, has its grace: once on the way in, where all enters are told at once; on the
/// way out once for each exit, since those that are left when it runs out are still begun, one after the other, and each
/// ends when it first waits.
///
/// Timers add their resolution, a millisecond each. What an enter or exit opens inside of itself (scopes of its own, exits
/// that it abandons) has budgets of its own that a plan does not know; nor does it know of code that blocks its thread, and of
/// a [grace](crate::CancelScope::grace) that was changed. A start-up that fails also rolls back, which takes at most the worst
/// case of the exit.
#[derive(Clone, Debug)]
pub struct Plan {
    draft: Draft,
}

impl Plan {
    /// The name of the whole.
    #[must_use]
    pub fn name(&self) -> &str {
        self.draft.name
    }

    /// What the whole needs to start.
    #[must_use = "it is only looked at"]
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = &str> {
        self.draft.inputs.iter().copied()
    }

    /// The members; each comes after those that it depends on.
    #[must_use = "it is only looked at"]
    pub fn members(&self) -> impl ExactSizeIterator<Item = PlanMember<'_>> {
        self.drafts().iter().map(|draft| PlanMember::new(self, draft))
    }

    /// The member of this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<PlanMember<'_>> {
        self.members().find(|member| member.name() == name)
    }

    /// How long the whole may take to enter, if that was limited.
    #[must_use]
    pub fn enter_budget(&self) -> Option<Duration> {
        self.draft.enter_budget
    }

    /// How long the whole may take to exit, if that was limited.
    #[must_use]
    pub fn exit_budget(&self) -> Option<Duration> {
        self.draft.exit_budget
    }

    /// How long it takes at worst until all members have entered, or one has failed to; `None` if
    /// [somebody](Plan::unbounded_enter) has no bound. An enter has none unless it is given one.
    #[must_use]
    pub fn worst_case_enter(&self) -> Option<Duration> {
        self.time(Side::Enter).bound()
    }

    /// How long it takes at worst until all members have exited; `None` if [somebody](Plan::unbounded_exit) has no bound.
    #[must_use]
    pub fn worst_case_exit(&self) -> Option<Duration> {
        self.time(Side::Exit).bound()
    }

    /// The members because of which there is no worst case to enter, one of a nested lifespan as `outer.inner`; none if the
    /// whole has a budget.
    #[must_use]
    pub fn unbounded_enter(&self) -> Vec<String> {
        self.unbounded(Side::Enter)
    }

    /// The members because of which there is no worst case to exit, one of a nested lifespan as `outer.inner`; none if the
    /// whole has a budget.
    #[must_use]
    pub fn unbounded_exit(&self) -> Vec<String> {
        self.unbounded(Side::Exit)
    }

    /// The members that decide how long entering takes at worst, in the order they enter. One without a bound takes longer
    /// than any other.
    #[must_use]
    pub fn critical_enter(&self) -> Vec<&str> {
        self.names(&self.longest(Side::Enter).members)
    }

    /// The members that decide how long exiting takes at worst, in the order they exit. One without a bound takes longer
    /// than any other.
    #[must_use]
    pub fn critical_exit(&self) -> Vec<&str> {
        let mut names = self.names(&self.longest(Side::Exit).members);
        names.reverse();
        names
    }

    /// Draws it as a Mermaid `flowchart`: an arrow from each member to those that depend on it, a nested lifespan as a
    /// subgraph, the critical path of the exit with a thick border, what is optional with a dashed one.
    #[must_use = "it is only drawn when it is formatted"]
    pub fn mermaid(&self) -> impl std::fmt::Display {
        Mermaid(self)
    }

    fn drafts(&self) -> &[DraftMember] {
        &self.draft.members
    }

    fn names(&self, members: &[usize]) -> Vec<&str> {
        members.iter().map(|&at| self.drafts()[at].name).collect()
    }
}
