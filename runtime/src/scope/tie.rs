//! [`Tie`]: a whole scope, from its first poll to its end, belongs to the task that first polls it (laws 8–10), and to the cancel
//! scope in which that happens (law 13): its place in the tree is taken at its first poll and left at its end, whichever way that
//! comes. [`InTask`] is the future that is tied.
//!
//! Polled by another task it panics before anything is touched, so that the rightful task can go on, and wakes that: what is
//! around the scope may have ended by the panic. While it waits in a cancel scope, that can wake it, and it answers when it is
//! asked whether it is still polled (law 13). Dropped before its end, everything it abandons leaves as one group, inner exits
//! first (law 3).

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::task::coop;

use super::drop_collector::DropCollector;
use crate::base::entry::Entry;
use crate::base::identity::Checkpoint;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::current;
use crate::cancel::node::Node;
use crate::cancel::place::{Place, Stay};
use crate::event;

/// What a scope is to the cancel scope around it.
pub(crate) enum TieKind {
    /// It enters: refused if all is cancelled already (law 14). With a budget it may be the root of what unwinds.
    Enter { has_budget: bool },
    /// It enters, as a member of what is entered around it, which fails if this does.
    Member,
    /// It must come to its end: the exit of a guard.
    Exit,
    /// A cancel scope, with a node of its own from the start.
    Cancel(Arc<Node>),
}

impl TieKind {
    /// What waits for something elsewhere: as an enter without a budget.
    pub(crate) const WAITING: TieKind = TieKind::Enter { has_budget: false };

    #[inline]
    pub(crate) fn entering(entry: &Entry) -> Self {
        TieKind::Enter { has_budget: entry.policy.enter().is_some() }
    }
}

pub(crate) struct Tie {
    place: Place,
    joined: HasJoined,
    /// Whether a cancelled scope refuses it (law 14).
    refusable: bool,
    has_ended: bool,
    collector: DropCollector,
}

/// Whether its first poll has found out where its place is.
#[derive(PartialEq, Eq)]
enum HasJoined {
    Not,
    /// It will begin in a body that is cancelled, but has let others run first.
    Waited,
    Yes,
}

impl Tie {
    #[inline]
    pub(crate) fn new(checkpoint: Checkpoint, kind: TieKind) -> Self {
        let refusable = matches!(kind, TieKind::Enter { .. } | TieKind::Member);
        let place = match kind {
            TieKind::Member => Place::member(),
            TieKind::Cancel(node) => Place::at(node),
            TieKind::Enter { has_budget: true } => Place::root(),
            TieKind::Enter { has_budget: false } | TieKind::Exit => Place::default(),
        };
        Tie {
            place,
            joined: HasJoined::Not,
            refusable,
            has_ended: false,
            collector: DropCollector::new(checkpoint),
        }
    }

    /// As that of an enter.
    #[inline]
    pub(crate) fn entering(entry: &Entry) -> Self {
        Tie::new(Checkpoint::at_first_poll(entry), TieKind::entering(entry))
    }

    /// To be called before what is tied is dropped: what that abandons is collected until the tie is dropped, too.
    #[inline]
    pub(crate) fn begin_drop(&mut self) {
        if !self.has_ended {
            self.collector.begin();
        }
    }

    /// Checks that this is its task, and makes its place that of the calling thread until the visit ends.
    #[inline]
    pub(crate) fn begin(&mut self, polled_at: &'static Location<'static>, cx: &mut Context<'_>) -> Poll<Visit<'_>> {
        self.collector.checkpoint().pass(polled_at);
        if self.stays_outside() {
            return Poll::Ready(Visit { tie: self, inside: None });
        }
        self.begin_inside(cx)
    }

    #[cold]
    fn begin_inside(&mut self, cx: &mut Context<'_>) -> Poll<Visit<'_>> {
        if self.poll_join(cx).is_pending() {
            self.collector.checkpoint().waits(cx.waker());
            return Poll::Pending;
        }
        let inside = Some(self.place.visit(cx.waker()));
        Poll::Ready(Visit { tie: self, inside })
    }

    /// Why it would not begin: its node is cancelled already.
    pub(crate) fn refused(&self) -> Option<Cancellation> {
        match self.joined {
            HasJoined::Yes => None,
            HasJoined::Not | HasJoined::Waited => self.place.cancellation(),
        }
    }

    /// Whether it has no cancel scope, and there is none where it is polled: it then stays outside wherever it is polled
    /// later. With an observer it takes its place in the tree.
    #[inline]
    fn stays_outside(&mut self) -> bool {
        let is_here = self.place.is_here() && (self.joined == HasJoined::Yes || !event::is_observed());
        if is_here {
            self.joined = HasJoined::Yes;
        }
        is_here
    }

    /// Finds out where it runs.
    fn poll_join(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.joined == HasJoined::Yes {
            return Poll::Ready(());
        }
        if let Some(parent) = current::parent() {
            if !self.must_begin(&parent) {
                ready!(self.poll_others(&parent, cx));
            }
            self.be_known();
            self.place.join(parent, self.refusable);
        } else {
            self.be_known();
        }
        self.joined = HasJoined::Yes;
        Poll::Ready(())
    }

    /// What is observed has a node, by which it is known.
    fn be_known(&mut self) {
        if event::is_observed() {
            self.place.be_known();
        }
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
        if self.joined == HasJoined::Not && parent.must_yield() {
            self.joined = HasJoined::Waited;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn node(&self) -> Option<&Arc<Node>> {
        self.place.node()
    }
}

impl Drop for Tie {
    #[inline]
    fn drop(&mut self) {
        if self.place.is_in_region() {
            self.place.leave();
        }
    }
}

/// A poll under way. A panic that drops it ends the scope.
#[must_use = "it is under way until it is ended"]
pub(crate) struct Visit<'a> {
    tie: &'a mut Tie,
    /// None if it is outside of all.
    inside: Option<Stay>,
}

impl Visit<'_> {
    #[inline]
    pub(crate) fn end(mut self, is_over: bool, cx: &mut Context<'_>) {
        if let Some(inside) = self.inside.take() {
            self.end_inside(&inside, is_over, cx);
        }
        if !is_over {
            self.tie.collector.checkpoint().waits(cx.waker());
        }
        self.tie.has_ended = is_over;
    }

    #[cold]
    fn end_inside(&mut self, stay: &Stay, is_over: bool, cx: &mut Context<'_>) {
        let place = &mut self.tie.place;
        place.end_visit(stay);
        if is_over {
            place.tell_and_leave();
        } else if place.wait(stay, cx.waker()) {
            cx.waker().wake_by_ref();
        }
    }

    #[cold]
    fn panicked(&mut self, stay: &Stay) {
        self.tie.place.end_visit(stay);
        self.tie.place.tell_and_leave();
    }
}

impl Drop for Visit<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(inside) = self.inside.take() {
            self.panicked(&inside);
        }
    }
}

pin_project! {
    /// A future that is tied to its task and its cancel scope.
    pub(crate) struct InTask<F> {
        #[pin]
        future: F,
        // After the future: it passes on what the future's drop abandons.
        tie: Tie,
    }

    impl<F> PinnedDrop for InTask<F> {
        fn drop(this: Pin<&mut Self>) {
            this.project().tie.begin_drop();
        }
    }
}

impl<F> InTask<F> {
    #[inline]
    pub(crate) fn new(future: F, checkpoint: Checkpoint, kind: TieKind) -> Self {
        InTask::tied(Tie::new(checkpoint, kind), future)
    }

    #[inline]
    pub(crate) fn tied(tie: Tie, future: F) -> Self {
        InTask { future, tie }
    }
}

impl<F: Future> Future for InTask<F> {
    type Output = F::Output;

    // With the attribute, an `.await` of this future is the caller, and the check can name its place.
    #[inline]
    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let visit = ready!(this.tie.begin(Location::caller(), cx));
        let polled = this.future.poll(cx);
        visit.end(polled.is_ready(), cx);
        polled
    }
}
