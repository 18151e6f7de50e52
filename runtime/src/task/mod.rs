//! Tasks that end with their scope: the types around a [`Service`](crate::Service), a [`TaskGroup`](crate::TaskGroup) and an
//! [`Owner`](crate::Owner).

// `spawned` is the life that a spawned task has, `ladder` how it is brought to its end, `ready` how it says that it is ready.

pub(crate) mod group;
pub(crate) mod ladder;
pub(crate) mod owner;
pub(crate) mod ready;
mod retry;
pub(crate) mod service;
pub(crate) mod spawned;

pub use self::group::{Child, Spawner};
pub use self::owner::{OwnerOptions, OwnerState};
pub use self::ready::Ready;
pub use self::service::ServiceOptions;
pub use self::service::restarting::Current;
pub use crate::error::rejected::Rejected;
pub use crate::error::task_error::{TaskError, TaskFailure};
