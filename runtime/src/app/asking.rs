//! [`Asking`]: the members of an entered lifespan, asked to tell if they fail (law 21).

use super::role::Role;
use crate::compose::graph::Graph;
use crate::compose::kind::Kind;
use crate::resource::failing::Failing;

/// Members that are asked, in their order.
#[derive(Debug)]
pub struct Asking<'a, 'f> {
    graph: &'static Graph,
    next: usize,
    failing: &'a mut Failing<'f>,
}

impl<'a, 'f> Asking<'a, 'f> {
    pub(super) fn new(graph: &'static Graph, failing: &'a mut Failing<'f>) -> Self {
        Asking {
            graph,
            next: 0,
            failing,
        }
    }

    /// The next member.
    pub fn member<V, R, K: Kind>(&mut self, role: Role<V, R, K>, value: &V) {
        let at = self.next;
        self.next += 1;
        let entry = self.failing.parts().and_then(|entries| entries.get(at).cloned());
        let entry = entry.unwrap_or_else(|| self.graph.at(at).entry());
        (role.ask)(value, &mut self.failing.of(&entry));
    }
}
