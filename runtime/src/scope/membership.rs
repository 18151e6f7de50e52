//! [`Membership`]: what a scope is to the cancel scope around it: its node in the tree, joined at its first poll, left at its
//! end, whichever way that comes.
//!
//! While it waits, a member has a waker there and answers when it is asked whether it is still polled (law 13).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::task::coop;

use crate::base::entry::Entry;
use crate::cancel::frame::{self, Place};
use crate::cancel::node::Node;

/// What a scope is to the cancel scope around it.
pub(crate) enum Kind {
    /// It enters: refused if all is cancelled already (law 14). With a budget it may be the root of what unwinds.
    Enter { has_budget: bool },
    /// It enters, as a member of what is entered around it, which fails if this does.
    Member,
    /// It must come to its end: the exit of a guard.
    Exit,
    /// A cancel scope, with a node of its own from the start.
    Cancel(Arc<Node>),
}

impl Kind {
    /// What waits for something elsewhere: as an enter without a budget.
    pub(crate) const WAITING: Kind = Kind::Enter { has_budget: false };

    #[inline]
    pub(crate) fn entering(entry: &Entry) -> Self {
        Kind::Enter {
            has_budget: entry.policy.enter().is_some(),
        }
    }
}

/// The place of a scope in the tree of what can be cancelled, from its first poll on.
pub(crate) struct Membership {
    place: Place,
    joined: Joined,
    /// Whether a cancelled scope refuses it (law 14).
    refusable: bool,
}

/// Whether its first poll has found out where its place is.
#[derive(PartialEq, Eq)]
enum Joined {
    Not,
    /// It will begin in a body that is cancelled, but has let others run first.
    Waited,
    Yes,
}

impl Membership {
    #[inline]
    pub(crate) fn new(kind: Kind) -> Self {
        let refusable = matches!(kind, Kind::Enter { .. } | Kind::Member);
        let place = match kind {
            Kind::Member => Place::at(Node::member()),
            Kind::Cancel(node) => Place::at(node),
            Kind::Enter { has_budget: true } => Place::root(),
            Kind::Enter { has_budget: false } | Kind::Exit => Place::default(),
        };
        Membership {
            place,
            joined: Joined::Not,
            refusable,
        }
    }

    /// Whether it has no cancel scope, and there is none where it is polled: it then stays outside wherever it is polled
    /// later.
    #[inline]
    pub(crate) fn stays_outside(&mut self) -> bool {
        let is_here = self.place.is_here();
        if is_here {
            self.joined = Joined::Yes;
        }
        is_here
    }

    /// Finds out where it runs.
    fn poll_join(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.joined == Joined::Yes {
            return Poll::Ready(());
        }
        if let Some(parent) = frame::parent() {
            if !self.must_begin(&parent) {
                ready!(self.poll_others(&parent, cx));
            }
            let node = self.node().cloned().unwrap_or_else(Node::new);
            node.join(&parent, self.refusable);
            self.place = Place::at(node);
        }
        self.joined = Joined::Yes;
        Poll::Ready(())
    }

    /// Whether it must not wait before it begins: it is the exit of a guard, or a shield, which has something to do in a
    /// cancelled body as well.
    fn must_begin(&self, parent: &Node) -> bool {
        let waits = |node: &Arc<Node>| !node.is_shielded() || !parent.is_cancelled();
        !self.refusable && !self.node().is_some_and(waits)
    }

    /// A long chain of scopes that never wait must not keep others from running, the canceller among them; and a cancelled
    /// body that begins scope after scope must wait once in a while, or it could never be dropped.
    fn poll_others(&mut self, parent: &Node, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_proceed(cx)).made_progress();
        if self.joined == Joined::Not && parent.is_out_of_patience() {
            self.joined = Joined::Waited;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Polls the scope at its place.
    pub(crate) fn poll<F: Future>(&mut self, future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        ready!(self.poll_join(cx));
        let calls = self.calls();
        let polled = {
            let visit = Visit(self);
            let polled = {
                let _inside = visit.0.place.enter();
                future.poll(cx)
            };
            std::mem::forget(visit);
            polled
        };
        if polled.is_ready() {
            self.end();
        } else if let Some(node) = self.node() {
            node.set_waker(cx.waker());
            node.answer();
            // Cancelled, say, after the body was looked at, and before there was a waker.
            if calls != node.calls() {
                cx.waker().wake_by_ref();
            }
        }
        polled
    }

    fn calls(&self) -> u32 {
        self.node().map_or(0, |node| node.calls())
    }

    fn node(&self) -> Option<&Arc<Node>> {
        self.place.node()
    }

    /// It is over: the cancellation it was told of reaches the body around it, if that is cancelled as well (law 15).
    fn end(&mut self) {
        if let Some(node) = self.node() {
            if let Some(parent) = node.parent().filter(|_| node.tells_its_parent()) {
                if parent.is_cancelled() {
                    parent.deliver();
                }
            }
            node.leave();
        }
    }
}

/// A poll under way: a panic ends the scope.
struct Visit<'a>(&'a mut Membership);

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Drop for Membership {
    #[inline]
    fn drop(&mut self) {
        if let Some(node) = self.node() {
            node.leave();
        }
    }
}
