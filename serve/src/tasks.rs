//! What a server runs beside itself: connections, streams, and what handlers leave behind. All are children of one group.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use hyper::rt::Executor;
use lifespan::task::Spawner;

use crate::flight::{Flight, Label};

/// Spawns children of the group of a server.
#[derive(Clone)]
pub(crate) struct Children(Spawner);

impl Children {
    pub(crate) fn new(spawner: Spawner) -> Self {
        Children(spawner)
    }

    /// A child that panics is a matter of its client, and not of the connections beside it: its panic has been printed.
    /// When the group has ended, no client waits for the child any more, and it is dropped.
    pub(crate) fn run(&self, child: impl Future<Output: Send> + Send + 'static) {
        let contained = async move {
            let mut child = pin!(child);
            poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| child.as_mut().poll(cx))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(_)) | Err(_) => Poll::Ready(()),
            })
            .await;
        };
        drop(self.0.spawn_ok(contained));
    }
}

/// HTTP/2 runs each of its streams by this.
impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Children {
    fn execute(&self, stream: F) {
        self.run(stream);
    }
}

/// Spawns what goes on when a request has been answered: an upgraded connection, above all. In the extensions of each request.
///
/// What it spawns belongs to the server: the drain waits for it, and what takes too long is cancelled and named by its request.
/// axum's `on_upgrade` spawns by itself, and the server knows nothing of that.
///
/// ```
/// use axum::Extension;
/// use lifespan::Stop;
/// use lifespan_serve::Tasks;
///
/// async fn handler(Extension(tasks): Extension<Tasks>, Extension(stop): Extension<Stop>) -> &'static str {
///     tasks.spawn(async move { stop.requested().await });
///     "it goes on"
/// }
/// ```
#[derive(Clone)]
pub struct Tasks {
    children: Children,
    flight: Flight,
    label: Label,
}

impl Tasks {
    pub(crate) fn new(children: Children, flight: Flight, label: Label) -> Self {
        Tasks { children, flight, label }
    }

    /// Spawns a task of the server. If the server has stopped, the future is dropped.
    pub fn spawn(&self, task: impl Future<Output: Send> + Send + 'static) {
        let (entry, scope) = self.flight.request(self.label.clone());
        self.children.run(async move {
            let _ = scope.run(task).await;
            drop(entry);
        });
    }
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks").field("of", &self.label).finish_non_exhaustive()
    }
}
