//! [`Parts`]: the members of a lifespan on their way out.

use std::panic::Location;

use super::role::{Ending, Role};
use crate::base::entry::Entry;
use crate::compose::parting::{LAST, Parting};
use crate::lifespan::kind::Kind;
use crate::plan::graph::Graph;
use crate::resource::exit::Exit;

/// Members on their way out, in their order, each with the entry it was entered with; without that, with what the graph says of
/// it.
pub struct Parts<'e, K: Kind> {
    graph: &'static Graph,
    entries: &'e [Entry],
    next: usize,
    parting: Parting<K>,
}

impl<'e, K: Kind> Parts<'e, K> {
    pub(super) fn new(parting: Parting<K>, graph: &'static Graph, exit: &'e Exit) -> Self {
        Parts { graph, entries: exit.parts().unwrap_or_default(), next: 0, parting }
    }

    pub(super) fn into_parting(self) -> Parting<K> {
        self.parting
    }

    /// An input that was kept: members may need it to their end.
    // Out of line: there is one for each type, and a call for each member.
    #[inline(never)]
    pub fn kept<V, R>(&mut self, role: Role<V, R, K>, input: V) {
        let place = self.graph.members.first().map(|member| member.place);
        let entry = Entry::new((role.policy)(), place.unwrap_or_else(Location::caller));
        self.push(LAST, role.ending, input, entry);
    }

    /// The next member.
    // Out of line: there is one for each type, and a call for each member.
    #[inline(never)]
    pub fn member<V, R>(&mut self, role: Role<V, R, K>, value: V) {
        let at = self.next;
        self.next += 1;
        let entry = self.entries.get(at).cloned();
        let entry = entry.unwrap_or_else(|| self.graph.at(at).entry());
        self.push(at, role.ending, value, entry);
    }

    fn push<V>(&mut self, at: usize, ending: Ending<V, K>, value: V, entry: Entry) {
        let origin = self.parting.origin(entry);
        self.parting.push(at, |exit| (ending.part)(value, origin, exit));
    }
}
