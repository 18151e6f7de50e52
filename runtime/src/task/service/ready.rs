//! [`Ready`]: how a service, or a child of a group, says that it is ready.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::sync::oneshot;

use crate::base::coop::poll_unbudgeted;

/// Completes the enter of a [`Service`](super::Service), or the [`start`](crate::TaskGroup::start) of a child of a group: each is given
/// one, and uses it up.
#[must_use = "a service that drops it does not come up: its enter fails"]
pub struct Ready<T> {
    value: oneshot::Sender<T>,
    /// For the task itself, which knows best whether it has ended or goes on without.
    set: oneshot::Sender<()>,
}

/// The other ends.
pub(crate) struct Readiness<T> {
    pub(crate) value: oneshot::Receiver<T>,
    pub(crate) set: oneshot::Receiver<()>,
}

impl<T> Ready<T> {
    pub(crate) fn new() -> (Self, Readiness<T>) {
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

/// The value, or why there will be none. It is seen if it is there, whatever the caller has done in this poll before.
pub(crate) async fn until_ready<T, E>(
    mut value: oneshot::Receiver<T>,
    not_ready: impl Future<Output = E>,
) -> Result<T, E> {
    let mut not_ready = pin!(not_ready);
    let mut is_open = true;
    poll_fn(|cx| {
        if is_open {
            match poll_unbudgeted(Pin::new(&mut value), cx) {
                Poll::Ready(Ok(value)) => return Poll::Ready(Ok(value)),
                Poll::Ready(Err(_)) => is_open = false,
                Poll::Pending => {}
            }
        }
        poll_unbudgeted(not_ready.as_mut(), cx).map(Err)
    })
    .await
}

impl<T> fmt::Debug for Ready<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}
