//! [`Ready`]: how a service says that it is ready.

use std::fmt;

use tokio::sync::oneshot;

/// Completes the enter of a [`Service`](super::Service): it is given one, and uses it up.
#[must_use = "a service that drops it does not come up: its enter fails"]
pub struct Ready<T> {
    value: oneshot::Sender<T>,
    /// For the task itself, which knows best whether it has ended or goes on without.
    set: oneshot::Sender<()>,
}

/// The other ends.
pub(super) struct Readiness<T> {
    pub(super) value: oneshot::Receiver<T>,
    pub(super) set: oneshot::Receiver<()>,
}

impl<T> Ready<T> {
    pub(super) fn new() -> (Self, Readiness<T>) {
        let (value, to_enter) = oneshot::channel();
        let (set, to_task) = oneshot::channel();
        let readiness = Readiness {
            value: to_enter,
            set: to_task,
        };
        (Ready { value, set }, readiness)
    }

    /// The service is ready: its enter completes with this value.
    ///
    /// When nobody waits any more, since the enter was cancelled, say, the value is dropped; the service is told by its
    /// [`Stop`](super::Stop).
    pub fn set(self, value: T) {
        let _ = self.set.send(());
        let _ = self.value.send(value);
    }
}

impl<T> fmt::Debug for Ready<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}
