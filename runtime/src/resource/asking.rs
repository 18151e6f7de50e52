//! Asking a resource, or what holds several, for a [`FailureLink`](super::failing::FailureLink): once, when it is entered.

use std::sync::Arc;

use super::LocalResource;
use super::failing::{Dependents, Failing};
use crate::base::entry::Entry;
use crate::cancel::node::Node;

impl Failing<'_> {
    /// The node that is cancelled if the resource fails that is asked like this; none if it cannot fail.
    #[inline]
    pub(crate) fn node(entry: &Entry, ask: &mut dyn FnMut(&mut Failing<'_>)) -> Option<Arc<Node>> {
        let mut node = None;
        ask(&mut Failing::new(entry, &mut node));
        node
    }

    /// Has this node cancelled if the resource fails.
    pub(crate) fn on<R: LocalResource>(node: &Arc<Node>, resource: &R, entry: &Entry) {
        let node = &mut Some(Arc::clone(node));
        resource.__failure(&mut Failing::new(entry, node));
    }

    /// Asks a part of what is asked.
    pub(crate) fn member<R: LocalResource>(&mut self, resource: &R, entry: &Entry) {
        resource.__failure(&mut self.of(entry));
    }
}

impl Dependents {
    /// They are told from now on if it fails, and whoever was told before is not. To be called without a lock.
    pub(crate) fn hear_of<R: LocalResource>(&self, resource: &R, entry: &Entry) {
        Failing::on(self.node(), resource, entry);
    }
}
