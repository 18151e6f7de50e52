//! [`Stop`]: how a service is asked to stop.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use tokio::runtime;
use tokio::sync::SetOnce;
use tokio::task::coop::unconstrained;

use crate::base::draining;
use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::event;

/// Tells the code of a [`Service`](super::Service) to end, once its users have ended. Cheap to clone.
///
/// A task that the service spawned, or a server that it runs, can have a clone.
#[derive(Clone)]
pub struct Stop(Arc<StopState>);

struct StopState {
    is_made: SetOnce<()>,
    /// How far it has come.
    progress: Lock<Option<String>>,
    service: Subject,
    runtime: runtime::Id,
}

impl Stop {
    pub(super) fn new(service: Subject, runtime: runtime::Id) -> Self {
        Stop(Arc::new(StopState {
            is_made: SetOnce::new(),
            progress: Lock::default(),
            service,
            runtime,
        }))
    }

    /// Asks it to stop.
    pub(super) fn ask(&self) {
        event::stop_requested(&self.0.service);
        self.nobody_asks();
    }

    /// Nobody is left who could ask, which asks as well.
    pub(super) fn nobody_asks(&self) {
        let _ = self.0.is_made.set(());
    }

    pub(super) fn service(&self) -> &Subject {
        &self.0.service
    }

    pub(super) fn last_progress(&self) -> Option<String> {
        self.0.progress.lock().clone()
    }

    /// Completes when the service is to stop; at once if that was asked for already.
    ///
    /// The future borrows nothing, so that it can be given away: `axum::serve(..).with_graceful_shutdown(stop.requested())`.
    /// That waits for the handlers whose clients wait; one whose client hung up may be dropped a moment later, so handlers that hold
    /// resources are tracked and waited for as well.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time, as by a `select!`, and asked for again.
    pub fn requested(&self) -> impl Future<Output = ()> + Send + use<> {
        let request = Arc::clone(&self.0);
        // Without a budget, so that it is heard behind a queue that is never empty.
        async move { *unconstrained(request.is_made.wait()).await }
    }

    /// Whether the service is to stop.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.is_made.initialized()
    }

    /// Completes when the run of the service drains (see `lifespan::run::Runner::drain_for`): the process is to end, and serves on for a
    /// while. Also when the service is to stop. At once if either is so already.
    ///
    /// A server tells its clients then to go elsewhere; a worker takes no new job from a queue that other processes share.
    ///
    /// # Cancel safety
    ///
    /// That of [`requested`](Stop::requested).
    pub fn draining(&self) -> impl Future<Output = ()> + Send + use<> {
        let (mut draining, mut requested) = (Box::pin(draining::draining(self.0.runtime)), Box::pin(self.requested()));
        poll_fn(move |cx| match draining.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => requested.as_mut().poll(cx),
        })
    }

    /// Whether the run of the service drains, or the service is to stop.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        draining::is_draining(self.0.runtime) || self.is_requested()
    }

    /// The name of the service: that of the member that it is, or the one it was given. For what it enters or logs under that name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.service.name.as_str()
    }

    /// Says how far the service has come with stopping, or with what it does before that; the last text is part of the error if it
    /// does not stop in time.
    pub fn progress(&self, text: impl fmt::Display) {
        let text = text.to_string();
        event::progressed(&self.0.service, &text);
        *self.0.progress.lock() = Some(text);
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop")
            .field("is_requested", &self.is_requested())
            .finish()
    }
}
