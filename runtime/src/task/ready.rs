//! [`Ready`]: how a service, or a child of a group, says that it is ready, and [`StartHandshake`], how its task learns of that.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use crate::base::coop::poll_unbudgeted;

/// Completes the enter of a [`Service`](crate::Service), or the [`start`](crate::TaskGroup::start) of a child of a group: each is given
/// one, and uses it up.
#[must_use = "a service that drops it does not come up: its enter fails"]
pub struct Ready<T> {
    value: oneshot::Sender<T>,
    /// For the task itself, which knows best whether it has ended or goes on without.
    set: oneshot::Sender<()>,
}

impl<T> Ready<T> {
    /// With the value that is waited for, and what the task is told.
    pub(crate) fn new() -> (Self, oneshot::Receiver<T>, StartHandshake) {
        let (value, to_enter) = oneshot::channel();
        let (set, to_task) = oneshot::channel();
        (Ready { value, set }, to_enter, StartHandshake(Some(to_task)))
    }

    /// The service is ready: its enter completes with this value.
    ///
    /// When no caller waits any more, since the enter was cancelled, say, the value is dropped; the service is told by its
    /// [`Stop`](crate::Stop).
    pub fn set(self, value: T) {
        let _ = self.set.send(());
        let _ = self.value.send(value);
    }
}

/// Whether the [`Ready`] of a task was used, for the task itself.
pub(crate) struct StartHandshake(Option<oneshot::Receiver<()>>);

impl StartHandshake {
    /// To be polled after the code of the task: whether its `Ready` was used, or dropped by code that goes on; once. If code has
    /// ended without it, its end says more.
    pub(crate) fn poll(&mut self, goes_on: bool, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(set) = &mut self.0 else {
            return Poll::Pending;
        };
        // The code may have spent the budget: that it was set must be seen in this poll, and that it was dropped, at all.
        let is_set = ready!(poll_unbudgeted(Pin::new(set), cx)).is_ok();
        self.0 = None;
        if is_set || goes_on { Poll::Ready(is_set) } else { Poll::Pending }
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
