//! [`PlanMember`]: one member of a plan.

use std::fmt;
use std::time::Duration;

use super::Plan;
use super::draft::{DraftKind, DraftMember};
use super::paths::Side;

/// One member of a [`Plan`].
#[derive(Clone, Copy)]
pub struct PlanMember<'a> {
    plan: &'a Plan,
    draft: &'a DraftMember,
}

impl<'a> PlanMember<'a> {
    pub(super) fn new(plan: &'a Plan, draft: &'a DraftMember) -> Self {
        PlanMember { plan, draft }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.draft.name
    }

    /// The members it is made from: it enters after them, and exits before them.
    #[must_use = "it is only looked at"]
    pub fn dependencies(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let drafts = self.plan.drafts();
        self.draft.needs.iter().map(|&at| drafts[at].name)
    }

    /// The inputs it is made from.
    #[must_use = "it is only looked at"]
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let inputs = &self.plan.draft.inputs;
        self.draft.takes.iter().map(|&at| inputs[at])
    }

    /// How long it may take to enter. A nested lifespan that is given nothing has what its own plan says.
    #[must_use]
    pub fn enter_budget(&self) -> Option<Duration> {
        self.draft.enter_budget
    }

    /// How long it may take to exit. A nested lifespan that is given nothing has what its own plan says.
    #[must_use]
    pub fn exit_budget(&self) -> Option<Duration> {
        self.draft.exit_budget
    }

    /// The budget it has in this plan.
    pub(super) fn budget(&self, side: Side) -> Option<Duration> {
        self.draft.budget(side)
    }

    pub(super) fn time(&self, side: Side) -> Option<Duration> {
        self.draft.time(side).bound()
    }

    /// Whether it may be absent.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.draft.optional
    }

    /// Whether it is a plain value: it neither enters nor exits, and takes no time.
    #[must_use]
    pub fn is_value(&self) -> bool {
        matches!(self.draft.kind, DraftKind::Value)
    }

    /// The plan of a nested lifespan.
    #[must_use]
    pub fn plan(&self) -> Option<&'a Plan> {
        match &self.draft.kind {
            DraftKind::Nested(plan) => Some(plan),
            DraftKind::Resource | DraftKind::Value => None,
        }
    }
}

impl fmt::Debug for PlanMember<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draft.fmt(f)
    }
}
