//! [`Node`]: one region in the tree of what can be cancelled: a scope inside of a cancel scope, or a cancel scope itself.
//!
//! Locks are held for a few instructions, one at a time; no waker and no code of a user is called under one.
//!
//! A scope with nothing live inside has no node: it is a leaf of the region that it runs in, and has a seat there, until
//! something inside needs a node to be live in.
//!
//! [`cancelling`] is what cancels a node and all below it, [`unwinding`] what is live inside of one, and whether that is still polled;
//! [`following`] is suffering with a node without being live in it; [`leaves`] is what a region does for those without a node;
//! [`waking`] is whom to wake, when, and its deadlines.

use std::fmt;
use std::iter::successors;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::cancellation::Cancellation;
use super::children::{Children, Seat};
use crate::base::entry::{Entry, Subject};
use crate::base::life::{Id, Life};
use crate::base::lock::Lock;

mod cancelling;
mod following;
mod leaves;
mod unwinding;
mod waking;

#[derive(Default)]
pub(crate) struct Node {
    /// In whose body it runs, from its first poll on.
    parent: OnceLock<Arc<Node>>,
    role: NodeRole,
    /// What its parent suffers does not reach it.
    shielded: AtomicBool,
    /// Whether `NodeState::why` is set.
    cancelled: AtomicBool,
    /// Whether the cancellation was told to code inside of it, so that it can no longer end as a success (law 15).
    delivered: AtomicBool,
    /// How much has begun in it since it is cancelled.
    begun: AtomicU32,
    /// See [`Node::calls`]; changed under the lock.
    calls: AtomicU32,
    /// Its scope has ended: cancelling it is too late.
    ended: AtomicBool,
    /// Whether anything follows it.
    leads: AtomicBool,
    /// Who it is, in reports.
    subject: OnceLock<Subject>,
    /// Who lives in it, if that is observed.
    living: OnceLock<Id>,
    /// In what that lives, if it is not in the tree, since it is in another task.
    around: OnceLock<Id>,
    /// The waker that it was polled with last, by which that is recognized while the poll goes on. Nothing for a root of budgets,
    /// which nobody wakes: what is in it is woken by itself.
    polled_with: [AtomicUsize; 2],
    /// Where it sits in its parent, or leader; guarded by the lock of that.
    seat: AtomicU32,
    state: Lock<NodeState>,
}

#[derive(Default)]
struct NodeState {
    why: Option<Why>,
    waker: Option<Waker>,
    deadline: Option<Instant>,
    grace: Option<Duration>,
    children: Children<Node>,
    /// What suffers what it does, but is not counted as live in it: that runs in tasks of its own.
    followers: Option<Box<Children<Node>>>,
    #[cfg(feature = "tokio-util")]
    token: Option<tokio_util::sync::CancellationToken>,
}

/// What a node is beyond a region.
#[derive(Default, PartialEq, Eq)]
pub(crate) enum NodeRole {
    #[default]
    Plain,
    /// A cancel scope that a user has made, of which events tell.
    Told,
    /// A branch of a race: only the race itself tells what the winner was told.
    Branch,
    /// What is entered in it is a member of what its parent enters, and that fails if it does.
    Member,
}

/// Why a node is cancelled, and whether that came from further out.
#[derive(Clone)]
pub(crate) struct Why {
    pub(crate) cancellation: Cancellation,
    pub(crate) inherited: bool,
}

impl Node {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn with_role(role: NodeRole) -> Arc<Self> {
        let node = Node::default();
        Arc::new(Node { role, ..node })
    }

    /// A new one of this name, inside of who lives around it, in the memory of one that has ended if nobody else has that.
    pub(crate) fn renewed(mut ended: Option<Arc<Self>>, subject: Subject, around: Option<Id>) -> Arc<Self> {
        let node = Node {
            subject: subject.into(),
            around: around.map_or_else(OnceLock::new, OnceLock::from),
            ..Node::default()
        };
        match ended.as_mut().and_then(Arc::get_mut) {
            Some(memory) => *memory = node,
            None => return Arc::new(node),
        }
        ended.unwrap_or_default()
    }

    pub(crate) fn is_told(&self) -> bool {
        self.role == NodeRole::Told
    }

    /// The node of what this is entered in as a member, and fails with this.
    pub(crate) fn whole(&self) -> Option<&Arc<Node>> {
        self.parent().filter(|parent| parent.role == NodeRole::Member)?.parent()
    }

    pub(crate) fn parent(&self) -> Option<&Arc<Node>> {
        self.parent.get()
    }

    /// It and what is around it, outward.
    fn outward(&self) -> impl Iterator<Item = &Node> {
        successors(Some(self), |node| node.parent().map(|parent| &**parent))
    }

    /// Relaxed: the lock of the parent orders it.
    fn seat(&self) -> Seat {
        Seat(self.seat.load(Ordering::Relaxed))
    }

    fn sit(&self, seat: Seat) {
        self.seat.store(seat.0, Ordering::Relaxed);
    }

    /// Says who it is, unless that is known.
    pub(crate) fn call(&self, entry: &Entry) {
        self.subject.get_or_init(|| entry.subject());
    }

    /// As [`call`](Node::call), for what is no resource.
    pub(crate) fn name(&self, subject: Subject) {
        if let Some(life) = subject.life {
            self.houses(life.id);
        }
        let _ = self.subject.set(subject);
    }

    pub(crate) fn subject(&self) -> Option<&Subject> {
        self.subject.get()
    }

    /// Says who lives in it, so that it is the parent of what begins there.
    pub(crate) fn houses(&self, id: Id) {
        let _ = self.living.set(id);
    }

    /// Says inside of what it is.
    pub(crate) fn lies_in(&self, id: Id) {
        let _ = self.around.set(id);
    }

    /// Who lives in it.
    pub(crate) fn resident(&self) -> Option<Id> {
        self.living.get().copied()
    }

    /// The innermost that lives here, with its number.
    pub(crate) fn innermost(&self) -> Option<Subject> {
        let is_resource = |node: &&Node| node.living.get().is_some() && !node.is_told();
        let mut inhabited = self.outward().filter(is_resource);
        let node = inhabited.next()?;
        let parent = inhabited.next().and_then(Node::resident);
        let life = node.resident().map(|id| Life { id, parent });
        Some(Subject { life, ..node.subject()?.clone() })
    }

    /// Who lives in it, or else in what is around it.
    pub(crate) fn living(&self) -> Option<Id> {
        self.outward()
            .find_map(|node| node.living.get().or(node.around.get()).copied())
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("deadline", &self.deadline())
            .field("shielded", &self.is_shielded())
            .field("cancellation", &self.cancellation())
            .finish_non_exhaustive()
    }
}
