//! [`OwnerHook`]: what is told when the resource of an owner has entered, and when the owner has ended, entered or not; for what is
//! made of owners.

use super::end::OwnerEnd;

/// Called in the task of the owner, without a lock; dropped when everybody is told of the end.
pub(crate) trait OwnerHook: Send {
    /// The resource is there. Nobody has used it by now.
    fn entered(&mut self) {}

    /// The owner has ended; called before anybody else is told, and in any case. Whether the failures, if there are any, are told by
    /// the hook's side.
    fn exited(&mut self, end: &OwnerEnd) -> bool;
}
