//! [`plan`]: what a graph says about a lifespan before it runs.

use super::composed::{Composed, ComposedLocal};
use crate::compose::graph::{Graph, Member};
use crate::plan::Plan;
use crate::plan::draft::{Draft, DraftMember};

/// The plan of a lifespan.
#[must_use]
pub fn plan<A: Composed>() -> Plan {
    plan_of(A::GRAPH)
}

/// As [`plan`], for members that stay in their task.
#[must_use]
pub fn plan_local<A: ComposedLocal>() -> Plan {
    plan_of(A::GRAPH)
}

fn plan_of(graph: &'static Graph) -> Plan {
    let (enter_budget, exit_budget) = graph.budgets();
    let draft = Draft {
        name: graph.name,
        inputs: graph.inputs.to_vec(),
        members: graph.members.iter().map(draft).collect(),
        enter_budget,
        exit_budget,
    };
    draft.into_plan()
}

fn draft(member: &Member) -> DraftMember {
    let policy = member.policy();
    let (kind, optional) = (member.what)().open();
    DraftMember {
        name: member.name,
        needs: member.needs.to_vec(),
        takes: member.takes.to_vec(),
        enter_budget: policy.enter_budget(),
        exit_budget: policy.exit_budget(),
        optional,
        kind,
    }
}
