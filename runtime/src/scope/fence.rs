//! A body behind a fence: in a region of its own, since the resource it uses can fail meanwhile (law 21).
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
use crate::base::identity::Checkpoint;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::resource::LocalResource;
use crate::resource::failing::Failing;
use crate::resource::fence::Fence;

/// Puts one up if the resource can fail.
#[inline]
pub(crate) fn put_up<R: LocalResource>(held: &mut Held<R>) -> Option<Arc<Node>> {
    let node = Failing::node(held.resource(), &held.entry)?;
    node.call(|| held.entry.subject());
    held.aside.put_up(Fence::new(&node));
    Some(node)
}

/// The body behind its fence: it does not run if the resource has died by now. In a box, so that a scope without a fence has
/// no room for it.
#[cold]
pub(crate) fn behind<T, F>(node: Arc<Node>, body: F) -> Pin<Box<impl Future<Output = Outcome<T, Cancellation>>>>
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
