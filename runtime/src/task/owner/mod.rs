//! An owner: a resource in a task of its own, used and closed from anywhere.
//!
//! [`owned`] is what callers have, made of a [`handle`]; [`spawning`] and [`options`] describe it, [`owning`] enters it, [`task`]
//! is the task, [`inner`] what task and handles share. [`with`] makes a [`call`], which waits in the [`mailbox`] for the task;
//! [`close_request`] is what is said by whoever closes it, [`end`] how it ended, [`hooks`] what is called of that first.

mod call;
mod close_request;
mod end;
mod handle;
mod hooks;
mod inner;
mod mailbox;
mod options;
mod owned;
mod owning;
mod spawning;
mod task;
mod with;

pub(crate) use end::OwnerEnd;
pub use handle::OwnerState;
pub(crate) use hooks::OwnerHook;
pub use options::OwnerOptions;
pub use owned::Owner;
pub(crate) use owned::TO_UNWIND;
pub(crate) use owning::{MakesHook, begin, owned, spawned};
