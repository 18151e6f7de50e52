//! [`Plan`]: the graph of a lifespan, known before it runs: members, dependencies, budgets, and what follows from them
//! (law 22).
//!
//! [`graph`] is what the attribute writes, and what the types of the members add stands beside it; [`paths`] finds the longest
//! paths; [`tree`] draws.

use std::error::Error;
use std::fmt;
use std::time::Duration;

pub(crate) mod graph;
mod paths;
#[cfg(test)]
mod tests;
mod tree;

use graph::{Graph, GraphMember, What};
use paths::{Longest, PlanSide, Time, longest};

/// The members of a lifespan, and how long it may take: known without running anything.
///
/// `Display` draws it as a tree, for a log line at start-up; the example `plan_picture` as a flowchart, for documents.
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
/// let worst = plan.worst_case_exit();
/// assert!(worst.is_some_and(|worst| worst <= Duration::from_secs(20)));
/// ```
///
/// (Not `worst_case_exit() <= Some(..)`: to Rust, `None` is the smallest of all.)
///
/// # What the worst case is
///
/// Each member counts with its budget and one second of grace, which is what is waited for something that does not react
/// ([law 13]); a nested lifespan counts with its own worst case. Members that do not depend on each other overlap, so the
/// longest path decides ([law 18] on the way in, [law 7] on the way out).
///
/// A budget for the whole caps that. It, too, has its grace: once on the way in, where all enters unwind at once; on the
/// way out once for each exit, since those that are left when it runs out are still begun, one after the other, and each
/// ends when it first waits.
///
/// Timers add their resolution, a millisecond each. What an enter or exit opens inside of itself (scopes of its own, exits
/// that it abandons) has budgets of its own that a plan does not know; nor does it know of code that blocks its thread, and of
/// a [grace](crate::CancelScope::grace) that was changed. A start-up that fails also rolls back, which takes at most the worst
/// case of the exit.
///
/// [law 7]: crate::guide::guarantees#law-7
/// [law 13]: crate::guide::guarantees#law-13
/// [law 18]: crate::guide::guarantees#law-18
#[derive(Clone)]
pub struct Plan {
    graph: &'static Graph,
    /// What the type of each member says of it.
    members: Vec<Typed>,
    /// How long its run serves on before the exits.
    drains_for: Duration,
}

/// What a member is by its type.
#[derive(Clone, Debug)]
struct Typed {
    /// No bound if none; a nested lifespan then takes what its members take.
    enter_budget: Option<Duration>,
    exit_budget: Option<Duration>,
    is_optional: bool,
    kind: MemberKind,
}

#[derive(Clone, Debug)]
enum MemberKind {
    Resource,
    Value { awaited: bool },
    Nested(Plan),
}

impl Plan {
    /// The name of the whole.
    #[must_use]
    pub fn name(&self) -> &str {
        self.graph.name
    }

    /// What the whole needs to start.
    #[must_use = "it is only looked at"]
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = &str> {
        self.graph.inputs.iter().copied()
    }

    /// The members; each comes after those that it depends on.
    #[must_use = "it is only looked at"]
    pub fn members(&self) -> impl ExactSizeIterator<Item = PlanMember<'_>> {
        (0..self.members.len()).map(|at| PlanMember { plan: self, at })
    }

    /// The member of this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<PlanMember<'_>> {
        self.members().find(|member| member.name() == name)
    }

    /// How long the whole may take to enter, if that was limited.
    #[must_use]
    pub fn enter_budget(&self) -> Option<Duration> {
        self.graph.budgets().0
    }

    /// How long the whole may take to exit, if that was limited.
    #[must_use]
    pub fn exit_budget(&self) -> Option<Duration> {
        self.graph.budgets().1
    }

    /// How long it takes at worst until all members have entered, or one has failed to; `None` if
    /// [a member](Plan::unbounded_enter) has no bound. An enter has none unless it is given one.
    #[must_use]
    pub fn worst_case_enter(&self) -> Option<Duration> {
        self.time(PlanSide::Enter, self.enter_budget()).bound()
    }

    /// How long it takes at worst until all members have exited; `None` if [a member](Plan::unbounded_exit) has no bound.
    #[must_use]
    pub fn worst_case_exit(&self) -> Option<Duration> {
        let exits = self.time(PlanSide::Exit, self.exit_budget()).bound()?;
        exits.checked_add(self.drains_for)
    }

    /// The plan of a run that drains for so long before the exits (`lifespan::run::Runner::drain_for`), which is part of its worst
    /// case then. What `#[lifespan(drain_for = ..)]` says is in it already.
    #[must_use]
    pub fn draining_for(self, time: Duration) -> Self {
        Plan { drains_for: time, ..self }
    }

    /// Whether the process ends in time: an orchestrator kills it when this time is over, counted from the first signal.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # struct Db;
    /// # #[lifespan::scoped_resource] impl Db { #[enter] async fn open() -> Self { Db } #[exit] async fn close(self) {} }
    /// #[lifespan::lifespan]
    /// struct App {
    ///     #[enter(|| Db::open())]
    ///     #[exit(timeout = "5s")]
    ///     db: Db,
    /// }
    ///
    /// let plan = App::plan().draining_for(Duration::from_secs(10));
    /// plan.fits(Duration::from_secs(30)).unwrap();
    /// let error = plan.fits(Duration::from_secs(15)).unwrap_err().to_string();
    /// assert!(error.starts_with(
    ///     "`App` takes 16s to stop at worst, and has 15s: 10s to drain, then db",
    /// ));
    /// ```
    ///
    /// # Errors
    ///
    /// If it may take longer, or something has no bound: what takes that long, and what can be done.
    pub fn fits(&self, limit: Duration) -> Result<(), Box<dyn Error + Send + Sync>> {
        let name = self.name();
        let Some(worst) = self.worst_case_exit() else {
            let (what, help) = match self.unbounded_exit() {
                members if members.is_empty() => ("its time to drain".to_owned(), "a shorter time to drain"),
                members => (
                    members.join(", "),
                    "give it a bound, or one to the whole: `#[lifespan(exit_timeout = ..)]`",
                ),
            };
            return Err(format!("`{name}` has no bound to stop within {limit:?}: {what}\nhelp: {help}").into());
        };
        if worst <= limit {
            return Ok(());
        }
        let drain = (!self.drains_for.is_zero()).then(|| format!("{:?} to drain", self.drains_for));
        let exits = self.critical_exit().into_iter().map(str::to_owned);
        let steps: Vec<_> = drain.into_iter().chain(exits).collect();
        let steps = steps.join(", then ");
        let help = "shorter budgets for these, or for the whole, or a shorter time to drain";
        Err(format!("`{name}` takes {worst:?} to stop at worst, and has {limit:?}: {steps}\nhelp: {help}").into())
    }

    /// The members because of which there is no worst case to enter, one of a nested lifespan as `outer.inner`; none if the
    /// whole has a budget.
    #[must_use]
    pub fn unbounded_enter(&self) -> Vec<String> {
        self.unbounded(PlanSide::Enter, self.enter_budget())
    }

    /// The members because of which there is no worst case to exit, one of a nested lifespan as `outer.inner`; none if the
    /// whole has a budget.
    #[must_use]
    pub fn unbounded_exit(&self) -> Vec<String> {
        self.unbounded(PlanSide::Exit, self.exit_budget())
    }

    /// The members that decide how long entering takes at worst, in the order they enter. One without a bound takes longer
    /// than any other.
    #[must_use]
    pub fn critical_enter(&self) -> Vec<&str> {
        self.critical(PlanSide::Enter)
    }

    /// The members that decide how long exiting takes at worst, in the order they exit. One without a bound takes longer
    /// than any other.
    #[must_use]
    pub fn critical_exit(&self) -> Vec<&str> {
        let mut names = self.critical(PlanSide::Exit);
        names.reverse();
        names
    }
}

impl Plan {
    /// That of a lifespan with this graph.
    pub(crate) fn of(graph: &'static Graph) -> Self {
        Plan {
            graph,
            members: graph.members.iter().map(Typed::of).collect(),
            drains_for: graph.drains_for().unwrap_or_default(),
        }
    }

    /// What all of it takes within this budget.
    fn time(&self, side: PlanSide, budget: Option<Duration>) -> Time {
        let path = self.longest(side).time;
        match (budget, side) {
            (None, _) => path,
            // All enters are told at once when the budget has run out; the exits that are left still begin, one after the other.
            (Some(budget), PlanSide::Enter) => path.min(Time::within(budget, 1)),
            (Some(budget), PlanSide::Exit) => path.min(Time::within(budget, self.exits())),
        }
    }

    fn longest(&self, side: PlanSide) -> Longest {
        let each = self.graph.members.iter().zip(&self.members);
        longest(each.map(|(member, typed)| (member.needs, typed.time(side))))
    }

    fn critical(&self, side: PlanSide) -> Vec<&str> {
        let members = self.longest(side).members.into_iter();
        members.map(|at| self.graph.at(at).name).collect()
    }

    fn unbounded(&self, side: PlanSide, budget: Option<Duration>) -> Vec<String> {
        if budget.is_some() {
            return Vec::new();
        }
        let each = self.members().flat_map(|member| member.unbounded(side));
        each.collect()
    }

    fn exits(&self) -> u32 {
        let each = self.members.iter().map(|member| match &member.kind {
            MemberKind::Resource => 1,
            MemberKind::Value { .. } => 0,
            MemberKind::Nested(plan) => plan.exits(),
        });
        each.fold(0, u32::saturating_add)
    }
}

impl Typed {
    fn of(member: &GraphMember) -> Self {
        let (policy, mut what, mut is_optional) = (member.policy(), (member.what)(), false);
        while let What::Optional(present) = what {
            (what, is_optional) = (present(), true);
        }
        Typed {
            enter_budget: policy.enter_budget(),
            exit_budget: policy.exit_budget(),
            is_optional,
            kind: match what {
                What::Value => MemberKind::Value { awaited: member.says().0 },
                What::Nested(graph) => MemberKind::Nested(Plan::of(graph)),
                What::Resource | What::Optional(_) => MemberKind::Resource,
            },
        }
    }

    /// What it takes by itself.
    fn time(&self, side: PlanSide) -> Time {
        match (&self.kind, self.budget(side)) {
            (MemberKind::Value { awaited }, _) if !awaited || side == PlanSide::Exit => Time::default(),
            (MemberKind::Value { .. } | MemberKind::Resource, Some(budget)) => Time::within(budget, 1),
            (MemberKind::Value { .. } | MemberKind::Resource, None) => Time::UNBOUNDED,
            (MemberKind::Nested(plan), budget) => plan.time(side, budget),
        }
    }

    /// The budget it has in this plan. That of a nested lifespan is its own, unless another is given to it, or none.
    fn budget(&self, side: PlanSide) -> Option<Duration> {
        match side {
            PlanSide::Enter => self.enter_budget,
            PlanSide::Exit => self.exit_budget,
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("name", &self.name())
            .field("members", &self.members().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// One member of a [`Plan`].
#[derive(Clone, Copy)]
pub struct PlanMember<'a> {
    plan: &'a Plan,
    at: usize,
}

impl<'a> PlanMember<'a> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.drawn().name
    }

    /// The members it is made from: it enters after them, and exits before them.
    #[must_use = "it is only looked at"]
    pub fn dependencies(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let graph = self.plan.graph;
        self.drawn().needs.iter().map(|&at| graph.at(at).name)
    }

    /// The inputs it is made from.
    #[must_use = "it is only looked at"]
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let graph = self.plan.graph;
        self.drawn().takes.iter().map(|&at| graph.inputs[at])
    }

    /// How long it may take to enter. A nested lifespan that is given nothing has what its own plan says.
    #[must_use]
    pub fn enter_budget(&self) -> Option<Duration> {
        self.typed().enter_budget
    }

    /// How long it may take to exit. A nested lifespan that is given nothing has what its own plan says.
    #[must_use]
    pub fn exit_budget(&self) -> Option<Duration> {
        self.typed().exit_budget
    }

    /// Whether it may be absent.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.typed().is_optional
    }

    /// Whether it is a plain value: it has no exit, and takes no time unless it is awaited.
    #[must_use]
    pub fn is_value(&self) -> bool {
        matches!(self.typed().kind, MemberKind::Value { .. })
    }

    /// The plan of a nested lifespan.
    #[must_use]
    pub fn plan(&self) -> Option<&'a Plan> {
        match &self.typed().kind {
            MemberKind::Nested(plan) => Some(plan),
            MemberKind::Resource | MemberKind::Value { .. } => None,
        }
    }

    fn drawn(&self) -> &'static GraphMember {
        self.plan.graph.at(self.at)
    }

    fn typed(&self) -> &'a Typed {
        &self.plan.members[self.at]
    }

    fn unbounded(&self, side: PlanSide) -> Vec<String> {
        if let Some(plan) = self.plan() {
            let inner = plan.unbounded(side, self.typed().budget(side)).into_iter();
            inner.map(|inner| format!("{}.{inner}", self.name())).collect()
        } else if self.typed().time(side).bound().is_none() {
            vec![self.name().to_owned()]
        } else {
            Vec::new()
        }
    }
}

impl fmt::Debug for PlanMember<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanMember")
            .field("name", &self.name())
            .field("typed", self.typed())
            .finish_non_exhaustive()
    }
}
