//! [`Failing`]: how a resource says that it failed while others use it (law 21).
//!
//! Whoever holds a resource asks it once, when it is entered. One that can fail takes a [`FailureLink`], which leads to a node: that
//! of a group that still enters, or one that is made for the first wire, so that ordinary resources cost nothing. When the
//! resource dies it cuts the wire, and the node is cancelled. What it died of is a [`Death`], which is told once.

use std::fmt;
use std::sync::Arc;

use crate::base::entry::{Entry, Subject};
use crate::cancel::cancellation::{Cancellation, Kind};
use crate::cancel::death::Death;
use crate::cancel::node::Node;
use crate::resource::LocalResource;

/// Goes from resource to resource, and gives a wire to each that can fail.
pub struct Failing<'a> {
    entry: &'a Entry,
    node: &'a mut Option<Arc<Node>>,
}

impl Failing<'_> {
    /// The node that is cancelled if the resource fails; none if it cannot fail.
    #[inline]
    pub(crate) fn node<R: LocalResource>(resource: &R, entry: &Entry) -> Option<Arc<Node>> {
        let mut node = None;
        resource.__failure(&mut Failing { entry, node: &mut node });
        node
    }

    /// Has this node cancelled if the resource fails.
    pub(crate) fn on<R: LocalResource>(node: &Arc<Node>, resource: &R, entry: &Entry) {
        let node = &mut Some(Arc::clone(node));
        resource.__failure(&mut Failing { entry, node });
    }

    /// The entries of the members of what is asked, if its own type has no room for them.
    pub(crate) fn parts(&self) -> Option<&[Entry]> {
        self.entry.parts.as_ref()?.get()
    }

    /// For a part of what is asked, entered like this.
    pub(crate) fn of<'p>(&'p mut self, entry: &'p Entry) -> Failing<'p> {
        let node = &mut *self.node;
        Failing { entry, node }
    }

    /// Asks a part of what is asked.
    pub(crate) fn member<R: LocalResource>(&mut self, resource: &R, entry: &Entry) {
        resource.__failure(&mut self.of(entry));
    }

    /// For a resource whose own parts come later.
    pub(crate) fn users(&mut self) -> Dependents {
        Dependents(Arc::clone(self.node.get_or_insert_with(Node::new)))
    }

    /// For the resource that is asked.
    pub(crate) fn wire(&mut self) -> FailureLink {
        FailureLink {
            node: Arc::clone(self.node.get_or_insert_with(Node::new)),
            subject: self.entry.subject(),
        }
    }
}

impl fmt::Debug for Failing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failing")
            .field("entry", self.entry)
            .finish_non_exhaustive()
    }
}

/// Those who use what comes later.
#[derive(Clone)]
pub struct Dependents(Arc<Node>);

impl Dependents {
    /// What fails then says so with its exit.
    pub(crate) fn nobody() -> Self {
        Dependents(Node::new())
    }

    /// They are told from now on if it fails, and whoever was told before is not. To be called without a lock.
    pub(crate) fn hear_of<R: LocalResource>(&self, resource: &R, entry: &Entry) {
        Failing::on(&self.0, resource, entry);
    }
}

impl fmt::Debug for Dependents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dependents").finish_non_exhaustive()
    }
}

/// From a resource that can fail to those who use it.
#[derive(Clone)]
pub(crate) struct FailureLink {
    node: Arc<Node>,
    subject: Subject,
}

impl FailureLink {
    /// Tells those who use it. To be called without a lock: it wakes them.
    pub(crate) fn cut(&self, death: &Death) {
        let place = self.subject.place;
        let died = Kind::Died(self.subject.clone(), death.clone());
        self.cut_for(&Cancellation::new(died, place));
    }

    /// As [`cut`](FailureLink::cut), where the death has cancelled others already.
    pub(crate) fn cut_for(&self, death: &Cancellation) {
        self.node.cancel(death);
    }

    /// Who the resource is to those who use it.
    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }
}
