//! [`Place`]: where in the tree of what can be cancelled a piece of code runs, and the thread-locals that tell the code so.
//!
//! A future carries its place and puts it into the thread-locals while it is polled; what was there comes back afterwards,
//! also on a panic. Outside of any cancel scope one byte of them is compared, and what needs more is kept out of line.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::Arc;
use std::task::Waker;

use tokio::task;

use super::cancellation::Cancellation;
use super::children::Seat;
use super::node::{Node, NodeRole};
use crate::base::entry::Entry;

/// Where a future runs.
#[derive(Default)]
pub(crate) struct Place {
    /// Its own node, or, if it is a leaf, the one around it.
    node: Option<Arc<Node>>,
    leaf: AsLeaf,
    kind: PlaceKind,
    /// There may be a waker for it in the tree.
    has_waker: bool,
}

/// What a place is as a leaf: its seat, and three flags, in one word.
#[derive(Clone, Copy, Default)]
pub(super) struct AsLeaf(u32);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum PlaceKind {
    #[default]
    Nowhere,
    /// At a root that is made when something inside needs it.
    MayBeRoot,
    AtNode,
    /// In a region, with nothing live inside: a node is made when something is.
    Leaf,
}

/// The place of the calling thread, but for what matters in a region alone: code in none never touches a thread-local that has a
/// destructor.
#[derive(Clone, Copy)]
pub(crate) struct Here {
    kind: PlaceKind,
    /// Whose place it is: a `LocalSet` polls other tasks on our stack.
    task: Option<task::Id>,
}

thread_local! {
    static HERE: Cell<Here> = const { Cell::new(Here { kind: PlaceKind::Nowhere, task: None }) };
    static NODE: RefCell<Option<Arc<Node>>> = const { RefCell::new(None) };
    static LEAF: Cell<AsLeaf> = const { Cell::new(AsLeaf(0)) };
}

impl AsLeaf {
    /// See [`Node::whole`].
    const MEMBER: u32 = 1 << 29;
    /// Its region knows who it is.
    const NAMED: u32 = 1 << 30;
    /// The cancellation was told to code inside of it, so that it can no longer end as a success (law 15).
    const DELIVERED: u32 = 1 << 31;

    fn at(self, seat: Seat) -> Self {
        AsLeaf(self.0 & AsLeaf::MEMBER | seat.0)
    }

    pub(super) fn seat(self) -> Seat {
        Seat(self.0 & (AsLeaf::MEMBER - 1))
    }

    /// A node for it.
    pub(super) fn node(self) -> Arc<Node> {
        Node::with_role(if self.0 & AsLeaf::MEMBER == 0 { NodeRole::Plain } else { NodeRole::Member })
    }

    pub(super) fn is_delivered(self) -> bool {
        self.0 & AsLeaf::DELIVERED != 0
    }

    pub(super) fn here() -> Self {
        LEAF.get()
    }

    /// Code inside of the leaf here was told of the cancellation.
    pub(super) fn deliver() {
        LEAF.set(AsLeaf(LEAF.get().0 | AsLeaf::DELIVERED));
    }
}

impl PlaceKind {
    /// Whether there is a node, its own or around it.
    #[inline]
    pub(super) fn has_node(self) -> bool {
        matches!(self, PlaceKind::AtNode | PlaceKind::Leaf)
    }
}

impl Here {
    #[inline]
    pub(super) fn kind() -> PlaceKind {
        HERE.get().kind
    }

    pub(super) fn set_kind(kind: PlaceKind) {
        HERE.set(Here { kind, ..HERE.get() });
    }

    pub(super) fn is_in_task() -> bool {
        HERE.get().task == task::try_id()
    }
}

/// Looks at the node here, or around the leaf here. Nothing that is called there may be a user's.
pub(super) fn look<T>(at: impl FnOnce(&Arc<Node>) -> T) -> Option<T> {
    // While the thread is going down there is none, and nobody left to cancel.
    NODE.try_with(|node| node.borrow().as_ref().map(at)).ok().flatten()
}

/// From here on the place of the calling thread has this node of its own.
pub(super) fn put(node: Arc<Node>) -> Option<()> {
    let old = NODE.try_with(|place| place.replace(Some(node))).ok()?;
    drop(old);
    Here::set_kind(PlaceKind::AtNode);
    Some(())
}

/// Says who is here, for reports.
#[cold]
pub(super) fn name(entry: &Entry) {
    if Here::kind() == PlaceKind::AtNode {
        look(|node| node.call(entry));
        return;
    }
    let leaf = LEAF.get();
    if leaf.0 & AsLeaf::NAMED == 0 {
        LEAF.set(AsLeaf(leaf.0 | AsLeaf::NAMED));
        look(|region| region.name_leaf(leaf.seat(), entry));
    }
}

/// Whether the calling thread polls it.
fn is_at(node: &Node) -> bool {
    Here::kind() == PlaceKind::AtNode && look(|here| ptr::eq(&raw const **here, node)) == Some(true)
}

impl Place {
    /// For an exit, or an enter with a budget: nothing cancels it from outside, but its own time may run out, and then the
    /// scopes inside of it unwind.
    #[inline]
    pub(crate) fn root() -> Self {
        Place::of(PlaceKind::MayBeRoot, None)
    }

    /// For the enter of a member: what it is entered in fails if it does.
    pub(crate) fn member() -> Self {
        Place { leaf: AsLeaf(AsLeaf::MEMBER), ..Place::default() }
    }

    #[inline]
    pub(crate) fn at(node: Arc<Node>) -> Self {
        Place::of(PlaceKind::AtNode, Some(node))
    }

    #[inline]
    fn of(kind: PlaceKind, node: Option<Arc<Node>>) -> Self {
        Place { node, kind, ..Place::default() }
    }

    /// From here on it has a node of its own, by which it is known.
    pub(crate) fn be_known(&mut self) {
        if self.node().is_none() {
            *self = Place::at(self.leaf.node());
        }
    }

    /// Its own node.
    #[inline]
    pub(crate) fn node(&self) -> Option<&Arc<Node>> {
        self.node.as_ref().filter(|_| self.kind == PlaceKind::AtNode)
    }

    /// Whether there is a node, its own or around it.
    #[inline]
    pub(crate) fn is_in_region(&self) -> bool {
        self.kind.has_node()
    }

    /// What it is live in.
    fn around(&self) -> Option<&Arc<Node>> {
        match self.kind {
            PlaceKind::AtNode => self.node.as_ref()?.parent(),
            PlaceKind::Leaf => self.node.as_ref(),
            PlaceKind::Nowhere | PlaceKind::MayBeRoot => None,
        }
    }

    /// Whether running here needs the thread-local to change.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        self.kind == PlaceKind::Nowhere && Here::kind() == PlaceKind::Nowhere
    }

    /// Makes this the place of the calling thread until the guard is dropped.
    #[inline]
    pub(crate) fn enter(&mut self) -> AtPlace<'_> {
        let outer = self.begin();
        AtPlace { place: self, outer }
    }

    #[inline]
    fn begin(&mut self) -> Here {
        let (kind, task) = (self.kind, task::try_id());
        let outer = HERE.replace(Here { kind, task });
        if kind.has_node() || outer.kind.has_node() {
            self.swap();
        }
        outer
    }

    /// The place of the calling thread is again what it was.
    #[inline]
    fn end(&mut self, outer: Here) {
        self.kind = HERE.replace(outer).kind;
        if self.kind.has_node() || outer.kind.has_node() {
            self.swap();
        }
    }

    #[cold]
    fn swap(&mut self) {
        let _ = NODE.try_with(|node| std::mem::swap(&mut *node.borrow_mut(), &mut self.node));
        self.leaf = LEAF.replace(self.leaf);
    }
}

/// While it lives, the code on this thread runs at a place. The place holds the outer one meanwhile.
pub(crate) struct AtPlace<'a> {
    place: &'a mut Place,
    outer: Here,
}

impl Drop for AtPlace<'_> {
    #[inline]
    fn drop(&mut self) {
        self.place.end(self.outer);
    }
}

/// A poll at a place that is under way: what is restored when it ends, and by what it knows then whether it missed something.
pub(crate) struct Stay {
    outer: Here,
    kind: PlaceKind,
    calls: u32,
    /// It is polled in a poll of what is around it, and with the same waker, so that the two are woken together.
    is_called_around: bool,
}

/// A scope's place in the tree: taken at its first poll, kept awake while it waits, left at its end.
impl Place {
    /// From here on it is live in a region (law 13), unless it is about to be refused there (law 14): at its own node, or as a leaf.
    pub(crate) fn join(&mut self, region: Arc<Node>, refusable: bool) {
        if let Some(node) = self.node() {
            node.join(&region, refusable);
            return;
        }
        self.leaf = self.leaf.at(region.seat_leaf(refusable));
        self.kind = PlaceKind::Leaf;
        self.node = Some(region);
    }

    /// Makes this the place of the calling thread until [`end_visit`](Place::end_visit), for a poll with this waker.
    pub(crate) fn visit(&mut self, waker: &Waker) -> Stay {
        let is_called_around = self
            .around()
            .is_some_and(|around| around.is_polled_with(waker) && is_at(around));
        let calls = match (self.kind, &self.node) {
            (PlaceKind::AtNode, Some(node)) => {
                node.polled_with(waker);
                node.calls()
            }
            (_, Some(region)) => region.calls(),
            (_, None) => 0,
        };
        Stay { kind: self.kind, calls, is_called_around, outer: self.begin() }
    }

    pub(crate) fn end_visit(&mut self, stay: &Stay) {
        self.end(stay.outer);
    }

    /// It waits. It answers (law 13), and is woken from here on when it must be polled. Whether it must be by now: it was cancelled,
    /// say, after the body was looked at, and before there was a waker.
    pub(crate) fn wait(&mut self, stay: &Stay, waker: &Waker) -> bool {
        let Some(node) = &self.node else { return false };
        let own = (!stay.is_called_around).then_some(waker);
        let changes = own.is_some() || self.has_waker;
        if self.kind == PlaceKind::AtNode {
            if changes {
                node.set_waker(own);
            }
            node.answer();
        } else if changes || node.is_cancelled() {
            node.leaf_waits(self.leaf.seat(), own);
        }
        self.has_waker = own.is_some();
        // One that was made in this poll was never called before.
        let calls = if self.kind == stay.kind { stay.calls } else { 0 };
        node.calls() != calls
    }

    /// It is over: the cancellation it was told of reaches the body around it, if that is cancelled as well (law 15).
    pub(crate) fn tell_and_leave(&mut self) {
        let is_told = self.leaf.is_delivered() || self.node().is_some_and(|node| node.tells_its_parent());
        if let Some(around) = self.around().filter(|around| is_told && around.is_cancelled()) {
            around.deliver();
        }
        self.leave();
    }

    /// It is live there no longer.
    #[cold]
    pub(crate) fn leave(&mut self) {
        match (self.kind, &self.node) {
            (PlaceKind::AtNode, Some(node)) => node.leave(is_at),
            (PlaceKind::Leaf, Some(region)) => {
                let leaf = std::mem::take(&mut self.leaf);
                region.leaf_ends(leaf.seat(), is_at);
            }
            _ => {}
        }
    }

    /// Why it would not begin: its node is cancelled already.
    pub(crate) fn cancellation(&self) -> Option<Cancellation> {
        self.node()?.cancellation()
    }
}
