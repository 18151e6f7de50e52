//! [`Stop`]: how a service is asked to stop.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};

use tokio::sync::watch;
use tokio::task::coop::unconstrained;

use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::event;

/// Tells a [`Service`](super::Service) that it is to stop: all who use it have ended. Cheap to clone.
///
/// A task that the service spawned, or a server that it runs, can have a clone.
#[derive(Clone)]
pub struct Stop {
    asked: watch::Receiver<bool>,
    said: Arc<Said>,
}

/// The other end.
pub(super) struct Ask {
    ask: watch::Sender<bool>,
    said: Arc<Said>,
}

/// How far it has come.
#[derive(Default)]
struct Said {
    progress: Lock<Option<String>>,
    /// Who says so, from its enter on.
    by: OnceLock<Subject>,
}

impl Ask {
    /// To stop.
    pub(super) fn ask(&self) {
        if let Some(by) = self.said.by.get() {
            event::stop_requested(by);
        }
        self.ask.send_replace(true);
    }

    pub(super) fn last_progress(&self) -> Option<String> {
        self.said.progress.lock().clone()
    }

    /// Who is asked.
    pub(super) fn is_of(&self, subject: &Subject) {
        let _ = self.said.by.set(subject.clone());
    }
}

impl Stop {
    pub(super) fn new() -> (Ask, Self) {
        let (ask, asked) = watch::channel(false);
        let said = Arc::<Said>::default();
        let ask = Ask {
            ask,
            said: Arc::clone(&said),
        };
        (ask, Stop { asked, said })
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
        let mut asked = self.asked.clone();
        async move {
            // Without a budget, so that it is heard behind a queue that is never empty. An error: nobody is left who could ask,
            // which asks as well.
            let _ = unconstrained(asked.wait_for(|asked| *asked)).await;
        }
    }

    /// Whether the service is to stop.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.asked.borrow() || self.asked.has_changed().is_err()
    }

    /// Says how far the service has come with stopping, or with what it does before that; the last text is part of the error if it
    /// does not stop in time.
    pub fn progress(&self, text: impl fmt::Display) {
        let text = text.to_string();
        if let Some(by) = self.said.by.get() {
            event::progress(by, &text);
        }
        *self.said.progress.lock() = Some(text);
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop")
            .field("is_requested", &self.is_requested())
            .finish()
    }
}
