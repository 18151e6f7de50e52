//! [`plan`]: what a graph and the types of its members say about a lifespan before it runs.

use super::graph::Graph;
use crate::plan::Plan;
use crate::plan::draft::{Draft, DraftMember};
use crate::resource::LocalResource;

/// The plan of a lifespan whose members have these types.
pub fn plan<M: Described>(graph: &'static Graph) -> Plan {
    let mut drafts = Drafts {
        graph,
        members: Vec::new(),
    };
    M::describe(&mut drafts);
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
    fn member<R: LocalResource>(&mut self, optional: bool) {
        let member = self.graph.at(self.members.len());
        let policy = member.policy::<R>();
        self.members.push(DraftMember {
            name: member.name,
            needs: member.needs.to_vec(),
            takes: member.takes.to_vec(),
            enter_budget: policy.enter_budget(),
            exit_budget: policy.exit_budget(),
            optional,
            kind: R::__kind(),
        });
    }
}

/// The types of the members of a lifespan in the order of its graph, as tuples in tuples.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scoped resource",
    label = "not a scoped resource"
)]
pub trait Described {
    /// Adds what is known of each.
    fn describe(drafts: &mut Drafts);
}

#[diagnostic::do_not_recommend]
impl<R: LocalResource> Described for R {
    fn describe(drafts: &mut Drafts) {
        drafts.member::<R>(false);
    }
}

#[diagnostic::do_not_recommend]
impl<R: LocalResource> Described for Option<R> {
    fn describe(drafts: &mut Drafts) {
        drafts.member::<R>(true);
    }
}

macro_rules! described {
    ($($member:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<$($member: Described),*> Described for ($($member,)*) {
            #[allow(unused_variables, reason = "there is a tuple of none")]
            fn describe(drafts: &mut Drafts) {
                $($member::describe(drafts);)*
            }
        }

        described! { @without_first $($member)* }
    };
    (@without_first) => {};
    (@without_first $first:ident $($rest:ident)*) => { described! { $($rest)* } };
}

described! { A B C D E F G H }
