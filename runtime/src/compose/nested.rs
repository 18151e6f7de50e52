//! [`Left`]: what a composite that is a member itself leaves to the whole when it fails to enter: to exit what it had entered.
//!
//! It tells the whole at once, so that nothing else begins there, and its roll-back is one of those of the whole: in the place of
//! its exit, so that independent ones overlap as exits do (law 19).

use std::cell::RefCell;
use std::sync::Arc;

use crate::cancel::cancellation::{CancelKind, Cancellation};
use crate::cancel::node::Node;
use crate::orphan::orphan_exit::OrphanExit;
use crate::plan::graph::GraphMember;

/// The roll-back of a member, for the whole to run; which member, if they have an order of their own.
pub(super) type Left = (Option<&'static GraphMember>, Box<OrphanExit>);

thread_local! {
    /// Until the poll of the member ends.
    static LEFT: RefCell<Option<Box<OrphanExit>>> = const { RefCell::new(None) };
}

/// Has all members of the group unwind, and those of what that is entered in as a member itself.
pub(super) fn roll_back(group: &Arc<Node>) {
    let mut next = Some(group);
    while let Some(group) = next {
        if let Some(subject) = group.subject() {
            group.cancel(&Cancellation::new(CancelKind::RolledBack, subject.place));
        }
        next = group.whole();
    }
}

/// Leaves a roll-back to the whole, which is polling this.
pub(super) fn leave(job: OrphanExit) {
    let _ = LEFT.try_with(|left| left.replace(Some(Box::new(job))));
}

/// What the member left that has just been polled.
pub(super) fn take_left() -> Option<Box<OrphanExit>> {
    LEFT.try_with(RefCell::take).ok().flatten()
}
