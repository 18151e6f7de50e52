//! [`plan`]: what a graph and the types of its members say about a lifespan before it runs.

use super::{Composed, ComposedLocal};
use crate::compose::graph::Graph;
use crate::plan::Plan;
use crate::plan::draft::{Draft, DraftMember};
use crate::resource::LocalResource;

/// The plan of a lifespan.
#[must_use]
pub fn plan<A: Composed>() -> Plan {
    plan_of(A::GRAPH, A::__members)
}

/// As [`plan`], for members that stay in their task.
#[must_use]
pub fn plan_local<A: ComposedLocal>() -> Plan {
    plan_of(A::GRAPH, A::__members)
}

/// The function is not called: its type says what the members are.
fn plan_of<A, M: Described>(graph: &'static Graph, _: impl FnOnce(A) -> M) -> Plan {
    let mut drafts = Drafts {
        graph,
        members: Vec::new(),
    };
    M::__describe(&mut drafts);
    let (enter_budget, exit_budget) = graph.budgets();
    let draft = Draft {
        name: graph.name,
        inputs: graph.inputs.to_vec(),
        members: drafts.members,
        enter_budget,
        exit_budget,
    };
    draft.into_plan()
}

/// The members that have been described.
#[derive(Debug)]
pub struct Drafts {
    graph: &'static Graph,
    members: Vec<DraftMember>,
}

impl Drafts {
    fn member<R: LocalResource>(&mut self) {
        let member = self.graph.at(self.members.len());
        let policy = member.policy::<R>();
        let (kind, optional) = R::__what().open();
        self.members.push(DraftMember {
            name: member.name,
            needs: member.needs.to_vec(),
            takes: member.takes.to_vec(),
            enter_budget: policy.enter_budget(),
            exit_budget: policy.exit_budget(),
            optional,
            kind,
        });
    }
}

/// The types of the members of a lifespan in the order of its graph, as tuples in tuples.
pub trait Described {
    /// Adds what is known of each.
    fn __describe(drafts: &mut Drafts);
}

impl<R: LocalResource> Described for R {
    fn __describe(drafts: &mut Drafts) {
        drafts.member::<R>();
    }
}

macro_rules! described {
    ($($member:ident)*) => {
        impl<$($member: Described),*> Described for ($($member,)*) {
            #[allow(unused_variables, reason = "there is a tuple of none")]
            fn __describe(drafts: &mut Drafts) {
                $($member::__describe(drafts);)*
            }
        }

        described! { @without_first $($member)* }
    };
    (@without_first) => {};
    (@without_first $first:ident $($rest:ident)*) => { described! { $($rest)* } };
}

described! { A B C D E F G H }
