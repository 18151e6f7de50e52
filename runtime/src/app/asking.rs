//! [`Asking`]: the members of an entered lifespan that may fail, asked to tell if they do (law 21).

use super::role::Role;
use crate::lifespan::kind::Kind;
use crate::plan::graph::Graph;
use crate::resource::failing::Failing;

/// Members that are asked.
#[derive(Debug)]
pub struct Asking<'a, 'f> {
    graph: &'static Graph,
    failing: &'a mut Failing<'f>,
}

impl<'a, 'f> Asking<'a, 'f> {
    pub(super) fn new(graph: &'static Graph, failing: &'a mut Failing<'f>) -> Self {
        Asking { graph, failing }
    }

    /// The member at this place of the graph.
    // Out of line: there is one for each type, and a call for each member.
    #[inline(never)]
    pub fn member<V, R, K: Kind>(&mut self, at: usize, role: Role<V, R, K>, value: &V) {
        let entry = self.failing.parts().and_then(|entries| entries.get(at).cloned());
        let entry = entry.unwrap_or_else(|| self.graph.at(at).entry());
        (role.ask)(value, &mut self.failing.of(&entry));
    }
}
