//! [`Place`]: where in the tree of nodes a piece of code runs, and the thread-local that tells the code so.
//!
//! A future carries its place and puts it into the thread-local while it is polled; what was there comes back afterwards,
//! also on a panic. Outside of any cancel scope the thread-local is read once for each scope, and nothing else happens.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use tokio::task;

use super::cancellation::{Cancellation, Kind};
use super::node::Node;
use crate::entry::Subject;
use crate::error::Phase;

/// Where a future runs: nowhere, at a node, or at a root that is made when something inside needs it.
#[derive(Default)]
pub(crate) struct Place {
    node: Option<Arc<Node>>,
    may_be_root: bool,
}

const NOWHERE: u8 = 0;
const AT_NODE: u8 = 1;
const MAY_BE_ROOT: u8 = 2;

thread_local! {
    /// What is in `NODE`, so that code in no node never touches a thread-local that has a destructor.
    static KIND: Cell<u8> = const { Cell::new(NOWHERE) };
    /// Whose place it is: a `LocalSet` polls other tasks on our stack.
    static TASK: Cell<Option<task::Id>> = const { Cell::new(None) };
    static NODE: RefCell<Option<Arc<Node>>> = const { RefCell::new(None) };
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
        self.kind() == NOWHERE && KIND.get() == NOWHERE
    }

    #[inline]
    fn kind(&self) -> u8 {
        match self.node {
            Some(_) => AT_NODE,
            None if self.may_be_root => MAY_BE_ROOT,
            None => NOWHERE,
        }
    }

    /// Makes this the place of the calling thread until the guard is dropped.
    #[inline]
    pub(crate) fn enter(&mut self) -> Entered<'_> {
        let outer_task = TASK.get();
        let outer_kind = KIND.get();
        let kind = self.kind();
        if kind == AT_NODE || outer_kind == AT_NODE {
            self.swap_nodes();
        }
        KIND.set(kind);
        TASK.set(task::try_id());
        Entered {
            place: self,
            outer_kind,
            outer_task,
        }
    }

    fn swap_nodes(&mut self) {
        // While the thread is going down there is none, and nobody left to cancel.
        let _ = NODE.try_with(|node| std::mem::swap(&mut *node.borrow_mut(), &mut self.node));
    }
}

/// While it lives, the code on this thread runs at a place. The place holds the outer one meanwhile.
pub(crate) struct Entered<'a> {
    place: &'a mut Place,
    outer_kind: u8,
    outer_task: Option<task::Id>,
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        let kind = KIND.get();
        if kind == AT_NODE || self.outer_kind == AT_NODE {
            self.place.swap_nodes();
        }
        self.place.may_be_root = kind == MAY_BE_ROOT;
        KIND.set(self.outer_kind);
        TASK.set(self.outer_task);
    }
}

/// The node in which the calling code runs, for what is first polled there; a root that was not needed yet is made.
#[inline]
pub(crate) fn parent() -> Option<Arc<Node>> {
    match KIND.get() {
        NOWHERE => None,
        kind => find_parent(kind),
    }
}

fn find_parent(kind: u8) -> Option<Arc<Node>> {
    if TASK.get() != task::try_id() {
        return None;
    }
    if kind == MAY_BE_ROOT {
        let node = Node::new(false);
        NODE.try_with(|place| place.replace(Some(node))).ok()?;
        KIND.set(AT_NODE);
    }
    here()
}

/// The node of the future that is being polled, for its own parts.
#[inline]
pub(crate) fn here() -> Option<Arc<Node>> {
    if KIND.get() == AT_NODE {
        NODE.try_with(|node| node.borrow().clone()).ok().flatten()
    } else {
        None
    }
}

/// The node around the calling code of a user, if that runs in the task the node belongs to.
pub(crate) fn here_in_task() -> Option<Arc<Node>> {
    here().filter(|_| TASK.get() == task::try_id())
}

/// Runs `run` as if it were in no node.
pub(crate) fn outside<T>(run: impl FnOnce() -> T) -> T {
    let mut nowhere = Place::default();
    let _outside = nowhere.enter();
    run()
}

/// Says who the node here is, for reports.
#[inline]
pub(crate) fn call(subject: impl FnOnce() -> Subject) {
    if KIND.get() == AT_NODE {
        if let Some(node) = here() {
            node.call(subject);
        }
    }
}

/// A budget ran out: cancels what is inside of the place here.
#[cold]
pub(crate) fn out_of_time(phase: Phase) {
    let Some(node) = here() else { return };
    if let Some(subject) = node.subject().cloned() {
        let place = subject.place;
        node.cancel(&Cancellation::new(Kind::Budget(subject, phase), place));
    }
}

/// Why the node here is cancelled, if it is.
#[inline]
pub(crate) fn cancellation() -> Option<Cancellation> {
    if KIND.get() == AT_NODE {
        here()?.cancellation()
    } else {
        None
    }
}

/// The cancellation that code inside of the node here was told of (law 15).
#[inline]
pub(crate) fn delivered() -> Option<Cancellation> {
    if KIND.get() == AT_NODE {
        here().filter(|node| node.is_delivered())?.cancellation()
    } else {
        None
    }
}

/// What runs here returns a cancellation, or has one behind it.
#[cold]
pub(crate) fn deliver() {
    if let Some(node) = here() {
        node.deliver();
    }
}

/// Whether a scope that is refused here should wait once before it says so.
#[cold]
pub(crate) fn is_out_of_patience() -> bool {
    here().is_some_and(|node| {
        node.parent()
            .is_some_and(|parent| parent.is_out_of_patience())
    })
}

/// A budget was kept to its end, so that nothing of the place here must stay: what follows is no root.
#[inline]
pub(crate) fn end_root() {
    if KIND.get() == MAY_BE_ROOT {
        KIND.set(NOWHERE);
    }
}
