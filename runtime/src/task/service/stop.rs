//! [`Stop`]: how a service is asked to stop.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::SetOnce;
use tokio::task::coop::unconstrained;

use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::event;

/// What the code of a [`Service`](super::Service) listens to, to end when all who use it have ended. Cheap to clone.
///
/// A task that the service spawned, or a server that it runs, can have a clone.
#[derive(Clone)]
pub struct Stop(Arc<StopRequest>);

struct StopRequest {
    is_made: SetOnce<()>,
    /// How far it has come.
    progress: Lock<Option<String>>,
    service: Subject,
}

impl Stop {
    pub(super) fn new(service: Subject) -> Self {
        Stop(Arc::new(StopRequest {
            is_made: SetOnce::new(),
            progress: Lock::default(),
            service,
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
    /// It may be dropped at any time, in a `select!` for one, and asked for again.
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

    /// Says how far the service has come with stopping, or with what it does before that; the last text is part of the error if it
    /// does not stop in time.
    pub fn progress(&self, text: impl fmt::Display) {
        let text = text.to_string();
        event::progress(&self.0.service, &text);
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
