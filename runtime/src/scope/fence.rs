//! [`Fence`]: the node of its own that a body runs in if the resource it uses can fail meanwhile (law 21).
//!
//! Most cannot: there is no fence then, and a scope pays nothing for it, which is why it is set aside with what a scope
//! rarely has. Behind one, the body is cancelled like that of a cancel scope: what lives in it unwinds, and what is cancelled
//! around the scope reaches it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::driven::Outcome;
use super::held::Held;
use super::in_task::InTask;
use super::membership::Kind;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::error::Error;
use crate::failing::Failing;
use crate::identity::Checkpoint;
use crate::resource::LocalResource;
use crate::undelivered::Undelivered;

pub(crate) struct Fence {
    node: Arc<Node>,
    /// What the resource died of, from the end of the body on, if it is what ended that.
    death: Option<Undelivered>,
}

impl Fence {
    /// Puts one up if the resource can fail.
    #[inline]
    pub(crate) fn around<R: LocalResource>(held: &mut Held<R>) -> Option<Arc<Node>> {
        let node = Failing::node(held.resource(), &held.entry)?;
        node.call(|| held.entry.subject());
        held.aside.put_up(Fence {
            node: Arc::clone(&node),
            death: None,
        });
        Some(node)
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

/// The body behind its fence: it does not run if the resource has died by now. In a box, so that a scope without a fence has
/// no room for it.
#[cold]
pub(crate) fn behind<T, F>(
    node: Arc<Node>,
    body: F,
) -> Pin<Box<impl Future<Output = Outcome<T, Cancellation>>>>
where
    F: Future<Output = Outcome<T, Cancellation>>,
{
    Box::pin(async {
        match node.cancellation() {
            Some(cancellation) => Outcome::Stopped(cancellation),
            None => InTask::new(body, Checkpoint::open(), Kind::Cancel(node)).await,
        }
    })
}
