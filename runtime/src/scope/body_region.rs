//! [`BodyRegion`]: the region that a body has of its own if the resource it uses can fail meanwhile (law 21).
//!
//! Most cannot: there is none then, and a scope pays nothing for it. In one, the body is cancelled like that of a cancel scope: what
//! lives in it unwinds, and what is cancelled around the scope reaches it.

use std::sync::Arc;

use super::tie::{Tie, TieKind};
use crate::base::identity::Checkpoint;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::error::Error;
use crate::event::undelivered::Undelivered;

pub(crate) struct BodyRegion {
    node: Arc<Node>,
    /// The place of the body in the tree, until the body has ended.
    tie: Option<Tie>,
    /// What the resource died of, from the end of the body on, if it is what ended that.
    death: Option<Undelivered>,
}

impl BodyRegion {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        let kind = TieKind::Cancel(Arc::clone(&node));
        BodyRegion { node, tie: Some(Tie::new(Checkpoint::open(), kind)), death: None }
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// The tie of the body, for one poll.
    pub(super) fn take_tie(&mut self) -> Option<Tie> {
        self.tie.take()
    }

    pub(super) fn put_tie(&mut self, tie: Tie) {
        self.tie = Some(tie);
    }

    /// The death of which the body was told before it ended by itself, if it was (law 15).
    pub(super) fn observed(&mut self) -> Option<Cancellation> {
        self.claim(|node, _| node.is_delivered())
    }

    /// Whether the body was dropped for a death: that is then what the scope fails with.
    #[cold]
    pub(crate) fn dropped_for(&mut self, cancellation: &Cancellation) -> bool {
        self.claim(|_, death| death.is(cancellation)).is_some()
    }

    /// None if nothing died, or if the body had been cancelled from further out by then: the exit says it in that case.
    fn claim(&mut self, ended: impl Fn(&Node, &Cancellation) -> bool) -> Option<Cancellation> {
        let why = self.node.why().filter(|why| !why.inherited)?;
        if !ended(&self.node, &why.cancellation) {
            return None;
        }
        self.death = Some(Error::of_death(&why.cancellation)?.into());
        Some(why.cancellation)
    }

    /// What the resource died of, if that is what ended the body.
    pub(crate) fn take_death(&mut self) -> Option<Error> {
        self.death.take().map(|death| death.deliver().error)
    }
}
