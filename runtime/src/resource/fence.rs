//! [`Fence`]: what a scope knows of the region that its body has of its own, if the resource it uses can fail meanwhile
//! (law 21). Most cannot: there is no fence then.

use std::sync::Arc;

use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::error::Error;
use crate::report::undelivered::Undelivered;

pub(crate) struct Fence {
    node: Arc<Node>,
    /// What the resource died of, from the end of the body on, if it is what ended that.
    death: Option<Undelivered>,
}

impl Fence {
    pub(crate) fn new(node: &Arc<Node>) -> Self {
        Fence {
            node: Arc::clone(node),
            death: None,
        }
    }

    /// The death of which the body was told before it ended by itself, if it was (law 15).
    pub(crate) fn told(&mut self) -> Option<Cancellation> {
        self.claim(|node, _| node.is_delivered())
    }

    /// Whether the body was dropped for a death: that is then what the scope fails with.
    #[cold]
    pub(crate) fn dropped_for(&mut self, cancellation: &Cancellation) -> bool {
        self.claim(|_, death| death.is(cancellation)).is_some()
    }

    /// None if nobody died, or if the body had been cancelled from further out by then: the exit says it in that case.
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
