//! [`Node`]: one region in the tree of what can be cancelled: a scope inside of a cancel scope, or a cancel scope itself.
//!
//! Cancelling a node cancels all nodes below it, except behind a shield, and wakes them. A cancelled body may be dropped
//! when nothing is live directly inside (law 13), so a node counts its children, and asks them round by round whether
//! they are still polled: one that is answers, and is waited for.
//!
//! Locks are held for a few instructions, one at a time; no waker and no code of a user is called under one.
//!
//! A scope with nothing live inside has no node: it is a leaf of the region that it runs in, and has a seat there, until
//! something inside needs a node to be live in.
//!
//! [`following`] is suffering with a node without being live in it; [`leaves`] is what a region does for those without a node;
//! [`waking`] is whom to wake, when, and its deadlines.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::cancellation::Cancellation;
use super::children::{Children, Inside, Seat};
use crate::base::entry::{Entry, Subject};
use crate::base::life::Id;

mod following;
mod leaves;
mod waking;

/// After so many scopes that have begun in a cancelled body each further one waits once, so that a body that begins them in a
/// loop can be dropped.
const FORCED_YIELD_AFTER: u32 = 64;

pub(crate) struct Node {
    /// In whose body it runs, from its first poll on.
    parent: OnceLock<Arc<Node>>,
    /// A branch of a race: only the race itself tells what the winner was told.
    is_branch: bool,
    /// A cancel scope that a user has made, of which events tell.
    is_told: bool,
    /// What is entered in it is a member of what its parent enters, and that fails if it does.
    is_member: bool,
    /// What its parent suffers does not reach it.
    shielded: AtomicBool,
    /// Whether `State::why` is set.
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
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
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

/// Why a node is cancelled, and whether that came from further out.
#[derive(Clone)]
pub(crate) struct Why {
    pub(crate) cancellation: Cancellation,
    pub(crate) inherited: bool,
}

impl Default for Node {
    fn default() -> Self {
        Node {
            parent: OnceLock::new(),
            is_branch: false,
            is_told: false,
            is_member: false,
            shielded: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            delivered: AtomicBool::new(false),
            begun: AtomicU32::new(0),
            calls: AtomicU32::new(0),
            ended: AtomicBool::new(false),
            leads: AtomicBool::new(false),
            subject: OnceLock::new(),
            living: OnceLock::new(),
            around: OnceLock::new(),
            polled_with: Default::default(),
            seat: AtomicU32::new(Seat::NONE.0),
            state: Mutex::default(),
        }
    }
}

impl Node {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Node::default())
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

    /// One that somebody lives in.
    pub(crate) fn of(id: Id) -> Arc<Self> {
        Arc::new(Node {
            living: id.into(),
            ..Node::default()
        })
    }

    /// Of a cancel scope that a user has made.
    pub(crate) fn told() -> Arc<Self> {
        Arc::new(Node {
            is_told: true,
            ..Node::default()
        })
    }

    pub(crate) fn is_told(&self) -> bool {
        self.is_told
    }

    pub(crate) fn branch() -> Arc<Self> {
        Arc::new(Node {
            is_branch: true,
            ..Node::default()
        })
    }

    /// In place of a leaf, since something is about to be live inside.
    pub(crate) fn of_leaf(is_member: bool) -> Arc<Self> {
        Arc::new(Node {
            is_member,
            ..Node::default()
        })
    }

    /// The node of what this is entered in as a member, and fails with this.
    pub(crate) fn whole(&self) -> Option<&Arc<Node>> {
        self.parent().filter(|parent| parent.is_member)?.parent()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Relaxed: the lock of the parent orders it.
    fn seat(&self) -> Seat {
        Seat(self.seat.load(Ordering::Relaxed))
    }

    fn sit(&self, seat: Seat) {
        self.seat.store(seat.0, Ordering::Relaxed);
    }

    pub(crate) fn parent(&self) -> Option<&Arc<Node>> {
        self.parent.get()
    }

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

    /// Who lives in it, or else in what is around it.
    pub(crate) fn living(&self) -> Option<Id> {
        let around = std::iter::successors(Some(self), |node| node.parent().map(|parent| &**parent));
        around
            .into_iter()
            .find_map(|node| node.living.get().or(node.around.get()).copied())
    }
}

/// Belonging to a parent.
impl Node {
    /// From here on its parent counts it as live, unless it is about to be refused (law 14): a cancelled body is not held
    /// back by what does not begin.
    pub(crate) fn join(self: &Arc<Self>, parent: &Arc<Node>, refusable: bool) {
        if self.parent.set(Arc::clone(parent)).is_err() {
            return;
        }
        let why = {
            let mut state = parent.state();
            if !(refusable && state.why.is_some()) {
                self.sit(state.children.add(Arc::downgrade(self)));
            }
            state.why.clone()
        };
        if let (Some(why), false) = (why, self.is_shielded()) {
            self.cancel_inherited(&why.cancellation);
        }
    }

    /// It has ended, and its parent no longer waits for it, if it is asked whether that is being polled.
    pub(crate) fn leave(&self, is_polled: impl FnOnce(&Node) -> bool) {
        self.end();
        if let Some(parent) = self.parent() {
            let seat = || {
                let seat = self.seat();
                self.sit(Seat::NONE);
                seat
            };
            parent.unseat(seat, is_polled);
        }
    }

    /// Says that it is polled, if its parent asks (law 13).
    #[inline]
    pub(crate) fn answer(&self) {
        if let Some(parent) = self.parent.get() {
            if parent.is_cancelled() {
                parent.state().children.answer(self.seat());
            }
        }
    }

    pub(crate) fn inside(&self) -> Inside {
        self.state().children.inside()
    }

    /// Asks all children again whether they are polled. Those that are polled whenever it is are asked by its own next poll, so
    /// it is to be polled again.
    #[cold]
    pub(crate) fn ask_again(&self) {
        let mut wakers = Vec::new();
        let nodes = {
            let mut state = self.state();
            self.count_call();
            state.children.begin_round();
            state.children.take_wakers(&mut wakers);
            state.children.nodes()
        };
        for node in &nodes {
            node.wake_alone();
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The nodes below it.
    pub(crate) fn children(&self) -> Vec<Arc<Node>> {
        self.state().children.nodes()
    }

    /// What is live inside, for a report.
    #[cold]
    pub(crate) fn live(&self) -> Vec<Subject> {
        let (nodes, mut live) = {
            let state = self.state();
            (state.children.nodes(), state.children.leaves())
        };
        live.extend(nodes.iter().filter_map(|node| node.subject().cloned()));
        live
    }
}

/// Being cancelled.
impl Node {
    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn cancellation(&self) -> Option<Cancellation> {
        if self.is_cancelled() {
            self.why().map(|why| why.cancellation)
        } else {
            None
        }
    }

    pub(crate) fn why(&self) -> Option<Why> {
        self.state().why.clone()
    }

    /// Cancels it and what is below; the first reason is kept. Whether this was the first.
    #[cold]
    pub(crate) fn cancel(self: &Arc<Self>, cancellation: &Cancellation) -> bool {
        self.spread(Why {
            cancellation: cancellation.clone(),
            inherited: false,
        })
    }

    /// As [`cancel`](Node::cancel), for what comes from further out.
    #[cold]
    pub(crate) fn cancel_inherited(self: &Arc<Self>, cancellation: &Cancellation) {
        self.spread(Why {
            cancellation: cancellation.clone(),
            inherited: true,
        });
    }

    /// Marks it and all unshielded nodes below as cancelled, then wakes them and whatever is directly inside of them: also
    /// a shield, or a child with a cancellation of its own, has to answer.
    ///
    /// A list instead of recursion: trees may be deep.
    fn spread(self: &Arc<Self>, why: Why) -> bool {
        if self.has_ended() {
            return false;
        }
        let inherited = Why {
            inherited: true,
            ..why.clone()
        };
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
        let state = self.state();
        let mut below = state.children.nodes();
        if let Some(followers) = &state.followers {
            below.extend(followers.nodes());
        }
        below
    }

    /// Its leaves are to be woken. What looks before and waits after this sees by the calls that it has missed it.
    fn mark(&self, why: Why, wakers: &mut Vec<Waker>) -> bool {
        let mut state = self.state();
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
        self.is_delivered() && !self.is_branch
    }

    #[inline]
    pub(crate) fn is_delivered(&self) -> bool {
        self.delivered.load(Ordering::Relaxed)
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
