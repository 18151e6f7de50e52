//! [`Place`]: where in the tree of nodes a piece of code runs, and the thread-local that tells the code so.
//!
//! A future carries its place and puts it into the thread-local while it is polled; what was there comes back afterwards,
//! also on a panic. Outside of any cancel scope one byte of it is compared, and what needs more is kept out of line.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use tokio::task;

use super::cancellation::{self, Cancellation};
use super::children::Inside;
use super::node::Node;
use crate::base::cause::Phase;
use crate::base::entry::Entry;
use crate::base::life::Id;

/// Where a future runs: nowhere, at a node, or at a root that is made when something inside needs it.
#[derive(Default)]
pub(crate) struct Place {
    node: Option<Arc<Node>>,
    may_be_root: bool,
}

/// The place of the calling thread, but for the node itself: code in no node never touches a thread-local that has a
/// destructor.
#[derive(Clone, Copy)]
pub(crate) struct Here {
    kind: Kind,
    /// Whose place it is: a `LocalSet` polls other tasks on our stack.
    task: Option<task::Id>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nowhere,
    AtNode,
    MayBeRoot,
}

thread_local! {
    static HERE: Cell<Here> = const { Cell::new(Here { kind: Kind::Nowhere, task: None }) };
    static NODE: RefCell<Option<Arc<Node>>> = const { RefCell::new(None) };
}

impl Here {
    #[inline]
    fn kind() -> Kind {
        HERE.get().kind
    }

    fn set_kind(kind: Kind) {
        HERE.set(Here { kind, ..HERE.get() });
    }

    fn is_in_task() -> bool {
        HERE.get().task == task::try_id()
    }
}

impl Place {
    /// For an exit, or an enter with a budget: nothing cancels it from outside, but its own time may run out, and then the
    /// scopes inside of it unwind.
    #[inline]
    pub(crate) fn root() -> Self {
        Place {
            node: None,
            may_be_root: true,
        }
    }

    #[inline]
    pub(crate) fn at(node: Arc<Node>) -> Self {
        Place {
            node: Some(node),
            may_be_root: false,
        }
    }

    #[inline]
    pub(crate) fn node(&self) -> Option<&Arc<Node>> {
        self.node.as_ref()
    }

    /// Whether running here needs the thread-local to change.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        self.kind() == Kind::Nowhere && Here::kind() == Kind::Nowhere
    }

    #[inline]
    fn kind(&self) -> Kind {
        match self.node {
            Some(_) => Kind::AtNode,
            None if self.may_be_root => Kind::MayBeRoot,
            None => Kind::Nowhere,
        }
    }

    /// Makes this the place of the calling thread until the guard is dropped.
    #[inline]
    pub(crate) fn enter(&mut self) -> Entered<'_> {
        let outer = self.begin();
        Entered { place: self, outer }
    }

    /// As [`enter`](Place::enter), until [`end`](Place::end) is called with what this gives.
    #[inline]
    pub(crate) fn begin(&mut self) -> Here {
        let kind = self.kind();
        let task = task::try_id();
        let outer = HERE.replace(Here { kind, task });
        if kind == Kind::AtNode || outer.kind == Kind::AtNode {
            self.swap_nodes();
        }
        outer
    }

    /// The place of the calling thread is again what it was.
    #[inline]
    pub(crate) fn end(&mut self, outer: Here) {
        let kind = HERE.replace(outer).kind;
        if kind == Kind::AtNode || outer.kind == Kind::AtNode {
            self.swap_nodes();
        }
        self.may_be_root = kind == Kind::MayBeRoot;
    }

    #[cold]
    fn swap_nodes(&mut self) {
        // While the thread is going down there is none, and nobody left to cancel.
        let _ = NODE.try_with(|node| std::mem::swap(&mut *node.borrow_mut(), &mut self.node));
    }
}

/// While it lives, the code on this thread runs at a place. The place holds the outer one meanwhile.
pub(crate) struct Entered<'a> {
    place: &'a mut Place,
    outer: Here,
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        self.place.end(self.outer);
    }
}

/// The node in which the calling code runs, for what is first polled there; a root that was not needed yet is made.
#[inline]
pub(crate) fn parent() -> Option<Arc<Node>> {
    if Here::kind() == Kind::Nowhere {
        None
    } else {
        find_parent()
    }
}

#[cold]
fn find_parent() -> Option<Arc<Node>> {
    if !Here::is_in_task() {
        return None;
    }
    if Here::kind() == Kind::MayBeRoot {
        let node = Node::new();
        NODE.try_with(|place| place.replace(Some(node))).ok()?;
        Here::set_kind(Kind::AtNode);
    }
    node()
}

/// Whether the calling code runs in no node.
#[inline]
pub(crate) fn is_nowhere() -> bool {
    Here::kind() != Kind::AtNode
}

/// The node of the future that is being polled, for its own parts.
#[inline]
pub(crate) fn here() -> Option<Arc<Node>> {
    if Here::kind() == Kind::AtNode { node() } else { None }
}

#[cold]
fn node() -> Option<Arc<Node>> {
    look(Arc::clone)
}

/// Looks at the node here. Nothing that is called there may be a user's.
fn look<T>(at: impl FnOnce(&Arc<Node>) -> T) -> Option<T> {
    NODE.try_with(|node| node.borrow().as_ref().map(at)).ok().flatten()
}

/// The node around the calling code of a user, if that runs in the task the node belongs to.
pub(crate) fn here_in_task() -> Option<Arc<Node>> {
    here().filter(|_| Here::is_in_task())
}

/// Runs `run` as if it were in no node.
pub(crate) fn outside<T>(run: impl FnOnce() -> T) -> T {
    let mut nowhere = Place::default();
    let _outside = nowhere.enter();
    run()
}

/// Says who the node here is, for reports.
#[inline]
pub(crate) fn call(entry: &Entry) {
    if Here::kind() == Kind::AtNode {
        call_here(entry);
    }
}

#[cold]
fn call_here(entry: &Entry) {
    look(|node| node.call(entry));
}

/// Who lives here, if that is observed: the parent of what begins here.
#[cold]
pub(crate) fn living() -> Option<Id> {
    look(|node| node.living())?
}

/// Says who lives in the node here.
#[cold]
pub(crate) fn houses(id: Id) {
    look(|node| node.houses(id));
}

/// What lives in the node here.
pub(crate) fn inside() -> Inside {
    here().map_or(Inside::Nothing, |node| node.inside())
}

/// A budget ran out: cancels what is inside of the place here.
#[cold]
pub(crate) fn out_of_time(phase: Phase) {
    let Some(node) = here() else { return };
    if let Some(subject) = node.subject().cloned() {
        let place = subject.place;
        node.cancel(&Cancellation::new(cancellation::Kind::Budget(subject, phase), place));
    }
}

/// Why the node here is cancelled, if it is.
#[inline]
pub(crate) fn cancellation() -> Option<Cancellation> {
    if Here::kind() == Kind::AtNode {
        find_cancellation()
    } else {
        None
    }
}

#[cold]
fn find_cancellation() -> Option<Cancellation> {
    look(|node| node.cancellation())?
}

/// Whether what is returned here may be dropped, since what is around is cancelled. A group that rolls back keeps what its
/// members fail with.
#[inline]
pub(crate) fn may_be_dropped() -> bool {
    Here::kind() == Kind::AtNode && is_cancelled_around()
}

#[cold]
fn is_cancelled_around() -> bool {
    let around = look(|node| node.parent().and_then(|around| around.why()));
    around
        .flatten()
        .is_some_and(|why| why.inherited || !why.cancellation.is_roll_back())
}

/// The cancellation that code inside of the node here was told of (law 15).
#[inline]
pub(crate) fn delivered() -> Option<Cancellation> {
    if Here::kind() == Kind::AtNode {
        find_delivered()
    } else {
        None
    }
}

#[cold]
fn find_delivered() -> Option<Cancellation> {
    look(|node| node.is_delivered().then(|| node.cancellation()))??
}

/// What runs here returns a cancellation, or has one behind it.
#[cold]
pub(crate) fn deliver() {
    if let Some(node) = here() {
        node.deliver();
    }
}

/// The code here was told of a cancellation; that of its own node, if that is cancelled as well (law 15).
#[cold]
pub(crate) fn deliver_here() {
    if let Some(node) = here().filter(|node| node.is_cancelled()) {
        node.deliver();
    }
}

/// A budget was kept to its end, so that nothing of the place here must stay: what follows is no root.
#[inline]
pub(crate) fn end_root() {
    if Here::kind() == Kind::MayBeRoot {
        Here::set_kind(Kind::Nowhere);
    }
}
