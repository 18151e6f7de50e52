//! Where in the tree of what can be cancelled the calling code runs, and what it asks and says there. Its [`Place`] is in the
//! thread-locals while it is polled.

use std::sync::Arc;

use tokio::time::Instant;

use super::cancellation::{CancelKind, Cancellation};
use super::children::Inside;
use super::node::{Node, Why};
use super::place::{self, AsLeaf, Here, Place, PlaceKind, look};
use crate::base::cause::Phase;
use crate::base::entry::Entry;
use crate::base::life::Id;
use crate::base::subject::Subject;

/// The node in which the calling code runs, for what is first polled there; one that was not needed yet is made.
#[inline]
pub(crate) fn parent() -> Option<Arc<Node>> {
    if Here::kind() == PlaceKind::Nowhere { None } else { find_parent() }
}

#[cold]
fn find_parent() -> Option<Arc<Node>> {
    if !Here::is_in_task() {
        return None;
    }
    match Here::kind() {
        PlaceKind::MayBeRoot => place::put(Node::new())?,
        PlaceKind::Leaf => grow()?,
        PlaceKind::AtNode | PlaceKind::Nowhere => {}
    }
    look(Arc::clone)
}

/// A node for the leaf here.
fn grow() -> Option<()> {
    let leaf = AsLeaf::here();
    let node = look(|region| region.grow_leaf(leaf.node(), leaf.seat()))?;
    if leaf.is_delivered() {
        node.deliver();
    }
    place::put(node)
}

/// Whether the calling code runs in no region.
#[inline]
pub(crate) fn is_nowhere() -> bool {
    !Here::kind().has_node()
}

/// The node of the future that is being polled, for its own parts. A leaf has none: nothing is live inside.
#[inline]
pub(crate) fn here() -> Option<Arc<Node>> {
    if Here::kind() == PlaceKind::AtNode { look(Arc::clone) } else { None }
}

/// As [`here`], for what is told from others by it, or follows it: a leaf gets one.
pub(crate) fn own() -> Option<Arc<Node>> {
    if Here::kind() == PlaceKind::Leaf {
        grow()?;
    }
    here()
}

/// As [`own`], for the calling code of a user, if that runs in the task the place belongs to.
pub(crate) fn own_in_task() -> Option<Arc<Node>> {
    if Here::is_in_task() { own() } else { None }
}

/// When what is around the calling code of a user is over, if that runs in the task the place belongs to. A leaf has no deadline.
pub(crate) fn effective_deadline() -> Option<Instant> {
    if !is_nowhere() && Here::is_in_task() {
        look(|node| node.effective_deadline())?
    } else {
        None
    }
}

/// Runs `run` as if it were in no node.
pub(crate) fn outside<T>(run: impl FnOnce() -> T) -> T {
    let mut nowhere = Place::default();
    let _outside = nowhere.enter();
    run()
}

/// Says who is here, for reports.
#[inline]
pub(crate) fn call(entry: &Entry) {
    if Here::kind().has_node() {
        place::name(entry);
    }
}

/// Who lives here, if that is observed: the parent of what begins here.
#[cold]
pub(crate) fn living() -> Option<Id> {
    look(|node| node.living())?
}

/// Says who lives here.
#[cold]
pub(crate) fn houses(id: Id) {
    if let Some(node) = own() {
        node.houses(id);
    }
}

/// Says who that is.
#[cold]
pub(crate) fn inhabit(subject: &Subject) {
    if let Some(node) = own() {
        node.name(subject.clone());
    }
}

/// The innermost that lives here.
pub(crate) fn innermost() -> Option<Subject> {
    look(|node| node.innermost())?
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
        node.cancel(&Cancellation::new(CancelKind::Budget(subject, phase), place));
    }
}

/// Why the node here is cancelled, if it is.
#[inline]
pub(crate) fn cancellation() -> Option<Cancellation> {
    if Here::kind().has_node() { find_cancellation() } else { None }
}

#[cold]
fn find_cancellation() -> Option<Cancellation> {
    look(|node| node.cancellation())?
}

/// Whether what is returned here may be dropped, since what is around is cancelled. A group that rolls back keeps what its
/// members fail with.
#[inline]
pub(crate) fn may_be_dropped() -> bool {
    match Here::kind() {
        PlaceKind::AtNode => look(|node| node.parent()?.why())
            .flatten()
            .is_some_and(|why| may_drop(&why)),
        PlaceKind::Leaf => look(|region| region.why()).flatten().is_some_and(|why| may_drop(&why)),
        PlaceKind::Nowhere | PlaceKind::MayBeRoot => false,
    }
}

fn may_drop(around: &Why) -> bool {
    around.inherited || !around.cancellation.is_roll_back()
}

/// The cancellation that code inside of the place here was told of (law 15).
#[inline]
pub(crate) fn delivered() -> Option<Cancellation> {
    match Here::kind() {
        PlaceKind::AtNode => find_delivered(),
        PlaceKind::Leaf if AsLeaf::here().is_delivered() => find_cancellation(),
        PlaceKind::Leaf | PlaceKind::Nowhere | PlaceKind::MayBeRoot => None,
    }
}

#[cold]
fn find_delivered() -> Option<Cancellation> {
    look(|node| node.is_delivered().then(|| node.cancellation()))??
}

/// What runs here returns a cancellation, or has one behind it.
#[cold]
pub(crate) fn deliver() {
    match Here::kind() {
        PlaceKind::AtNode => _ = look(|node| node.deliver()),
        PlaceKind::Leaf => AsLeaf::deliver(),
        PlaceKind::Nowhere | PlaceKind::MayBeRoot => {}
    }
}

/// The code here was told of a cancellation; that of its own place, if that is cancelled as well (law 15).
#[cold]
pub(crate) fn deliver_here() {
    if cancellation().is_some() {
        deliver();
    }
}

/// A budget was kept to its end, so that nothing of the place here must stay: what follows is no root.
#[inline]
pub(crate) fn end_root() {
    if Here::kind() == PlaceKind::MayBeRoot {
        Here::set_kind(PlaceKind::Nowhere);
    }
}
