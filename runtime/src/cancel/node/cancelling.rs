//! Being cancelled: a node with all nodes below it, except behind a shield; all of them are woken, and the first reason is kept.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use super::{Node, NodeRole, Why};
use crate::cancel::cancellation::Cancellation;

/// After so many scopes that have begun in a cancelled body each further one waits once, so that a body that begins them in a
/// loop can be dropped.
const FORCED_YIELD_AFTER: u32 = 64;

impl Node {
    pub(crate) fn is_shielded(&self) -> bool {
        self.shielded.load(Ordering::Acquire)
    }

    /// Lets it suffer what its parent does, or no longer; also while that is under way.
    pub(crate) fn set_shielded(self: &Arc<Self>, shielded: bool) {
        self.shielded.store(shielded, Ordering::Release);
        if let (Some(parent), false) = (self.parent(), shielded) {
            // Under the lock: whoever cancels the parent meanwhile either is seen here, or sees that there is no shield.
            if let Some(why) = parent.why() {
                self.cancel_inherited(&why.cancellation);
            }
        }
    }

    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn cancellation(&self) -> Option<Cancellation> {
        if self.is_cancelled() { self.why().map(|why| why.cancellation) } else { None }
    }

    pub(crate) fn why(&self) -> Option<Why> {
        self.state.lock().why.clone()
    }

    /// Cancels it and what is below; the first reason is kept. Whether this was the first.
    #[cold]
    pub(crate) fn cancel(self: &Arc<Self>, cancellation: &Cancellation) -> bool {
        self.spread(Why { cancellation: cancellation.clone(), inherited: false })
    }

    /// As [`cancel`](Node::cancel), for what comes from further out.
    #[cold]
    pub(crate) fn cancel_inherited(self: &Arc<Self>, cancellation: &Cancellation) {
        self.spread(Why { cancellation: cancellation.clone(), inherited: true });
    }

    /// Marks it and all unshielded nodes below as cancelled, then wakes them and whatever is directly inside of them: also
    /// a shield, or a child with a cancellation of its own, has to answer.
    ///
    /// A list instead of recursion: trees may be deep.
    fn spread(self: &Arc<Self>, why: Why) -> bool {
        if self.has_ended() {
            return false;
        }
        let inherited = Why { inherited: true, ..why.clone() };
        let mut wakers = Vec::new();
        if !self.mark(why, &mut wakers) {
            return false;
        }
        let mut marked = vec![Arc::clone(self)];
        let mut next = 0;
        let mut others = Vec::new();
        while let Some(node) = marked.get(next) {
            next += 1;
            for child in node.below() {
                if !child.is_shielded() && child.mark(inherited.clone(), &mut wakers) {
                    marked.push(child);
                } else {
                    others.push(child);
                }
            }
        }
        // The others are polled whenever what is around them is, or have a waker.
        self.wake();
        for node in marked.iter().skip(1).chain(&others) {
            node.wake_alone();
        }
        wakers.into_iter().for_each(Waker::wake);
        true
    }

    /// What suffers what it does.
    fn below(&self) -> Vec<Arc<Node>> {
        let state = self.state.lock();
        let mut below = state.children.nodes();
        if let Some(followers) = &state.followers {
            below.extend(followers.nodes());
        }
        below
    }

    /// Its leaves are to be woken. What looks before and waits after this sees by the calls that it has missed it.
    fn mark(&self, why: Why, wakers: &mut Vec<Waker>) -> bool {
        let mut state = self.state.lock();
        if state.why.is_some() {
            return false;
        }
        state.why = Some(why);
        self.cancelled.store(true, Ordering::Release);
        self.count_call();
        state.children.take_wakers(wakers);
        #[cfg(feature = "tokio-util")]
        let token = state.token.clone();
        drop(state);
        #[cfg(feature = "tokio-util")]
        if let Some(token) = token {
            token.cancel();
        }
        true
    }

    /// Whether it is cancelled, and so much has begun in it since that what begins now should wait once.
    pub(crate) fn must_yield(&self) -> bool {
        self.is_cancelled() && self.begun.fetch_add(1, Ordering::Relaxed) >= FORCED_YIELD_AFTER
    }

    /// Code inside of it was told of the cancellation.
    pub(crate) fn deliver(&self) {
        self.delivered.store(true, Ordering::Relaxed);
    }

    /// Whether the body around it learns of the cancellation by what this returns.
    pub(crate) fn tells_its_parent(&self) -> bool {
        self.is_delivered() && self.role != NodeRole::Branch
    }

    #[inline]
    pub(crate) fn is_delivered(&self) -> bool {
        self.delivered.load(Ordering::Relaxed)
    }
}
