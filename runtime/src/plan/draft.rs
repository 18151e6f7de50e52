//! [`Draft`]: the plain data of a plan.

use std::time::Duration;

use super::Plan;

/// A plan before it can be asked anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// What the whole is called.
    pub name: &'static str,
    /// What the whole needs to start.
    pub inputs: Vec<&'static str>,
    /// Each after those that it needs.
    pub members: Vec<DraftMember>,
    /// For the whole to enter.
    pub enter_budget: Option<Duration>,
    /// For the whole to exit.
    pub exit_budget: Option<Duration>,
}

/// One member.
#[derive(Clone, Debug, Default)]
pub(crate) struct DraftMember {
    /// What it is called.
    pub name: &'static str,
    /// The members it is made from, by index, in the order it takes them.
    pub needs: Vec<usize>,
    /// The inputs it is made from, by index, in the order it takes them.
    pub takes: Vec<usize>,
    /// `None` is no bound; a nested lifespan then takes what its members take.
    pub enter_budget: Option<Duration>,
    /// `None` is no bound; a nested lifespan then takes what its members take.
    pub exit_budget: Option<Duration>,
    /// Whether it may be absent.
    pub optional: bool,
    /// What it is.
    pub kind: DraftKind,
}

/// What a member is.
#[derive(Clone, Debug, Default)]
pub(crate) enum DraftKind {
    /// It enters and exits.
    #[default]
    Resource,
    /// It is there at once and has no end: it takes no time, whatever its budgets.
    Value,
    /// It is a lifespan itself.
    Nested(Plan),
}

/// What a type says about a member of it.
#[derive(Debug)]
pub enum What {
    /// It enters and exits.
    Resource,
    /// It is there at once, and is dropped.
    Value,
    /// It is a lifespan itself.
    Nested(Plan),
    /// It may not be there.
    Optional(Box<What>),
}

impl What {
    pub(crate) fn open(self) -> (DraftKind, bool) {
        match self {
            What::Resource => (DraftKind::Resource, false),
            What::Value => (DraftKind::Value, false),
            What::Nested(plan) => (DraftKind::Nested(plan), false),
            What::Optional(what) => (what.open().0, true),
        }
    }
}

impl Draft {
    /// The plan.
    ///
    /// # Panics
    ///
    /// If a member needs one that does not come before it, or takes an input that there is not.
    #[must_use]
    pub(crate) fn into_plan(self) -> Plan {
        for (at, member) in self.members.iter().enumerate() {
            let known = member.needs.iter().all(|&needed| needed < at)
                && member.takes.iter().all(|&input| input < self.inputs.len());
            assert!(known, "`{}` is made from what is not there before it", member.name);
        }
        Plan { draft: self }
    }
}
