//! [`OwnerHooks`]: what is called when the resource of an owner has entered, and when the owner has ended, entered or not; for what
//! is made of owners.

use super::end::OwnerEnd;

/// Called in the task of the owner, without a lock.
pub(crate) struct OwnerHooks {
    /// The resource is there. Nobody has used it by now.
    pub(crate) on_entered: Box<dyn FnOnce() + Send>,
    /// The owner has ended; called before anybody else is told, and in any case.
    pub(crate) on_exited: OnExited,
}

pub(crate) type OnExited = Box<dyn FnOnce(&OwnerEnd) -> HookReply + Send>;

/// The answer of a hook to the end of an owner.
pub(crate) struct HookReply {
    /// Whether its side tells of the failures, if there are any.
    pub(crate) reports: bool,
    /// Called when everybody is told.
    pub(crate) after: Option<Box<dyn FnOnce() + Send>>,
}

impl HookReply {
    pub(crate) const NOTHING: HookReply = HookReply {
        reports: false,
        after: None,
    };
}
