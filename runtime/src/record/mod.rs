//! A [`Recorder`] observes [events](crate::event) and keeps what they say: it gives a [`Snapshot`] of what lives right now, and a
//! [`Timeline`] of what happened, which draws itself (feature `record`).
//!
//! ```
//! use lifespan::Lifespan;
//! use lifespan::record::Recorder;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
//! // In `main`, before anything is entered:
//! let recorder = Recorder::start(1000);
//!
//! let open = async { Ok::<_, std::io::Error>(()) };
//! let db = Lifespan::new(open, async |(), _| ()).named("db");
//! // Or when a signal asks for it:
//! db.scope_ok(async |_| println!("{}", recorder.snapshot())).await?;
//! println!("{}", recorder.timeline().text(80));
//! # assert!(recorder.snapshot().is_empty());
//! # Ok(())
//! # }
//! ```

mod axis;
mod columns;
#[cfg(feature = "serde")]
mod json;
mod snapshot;
mod svg;
mod text;
mod timeline;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::lock::Lock;
use crate::base::panic::rendered;
use crate::error::Error;
use crate::event::table::Table;
use crate::event::{self, Event, EventKind, Id, Level, Observation};
use timeline::EndedLife;

pub use crate::event::table::State;
pub use snapshot::{Living, Snapshot};
pub use timeline::{Bar, Timeline};

/// Keeps what lives, the last events, and the last that have ended.
///
/// What lives is a table with one entry for each, which goes when that has ended: right after any number of events, and as large as what
/// lives. What began before the recorder is not in it. Cheap to clone; it goes on when it is dropped, until it is
/// [stopped](Recorder::stop).
///
/// With it, a scope costs what an observer costs, and a lock for each event.
#[derive(Clone)]
pub struct Recorder {
    kept: Arc<Lock<RecorderState>>,
    observation: Observation,
}

/// What a recorder keeps.
struct RecorderState {
    began: Instant,
    living: Table,
    /// In the order in which they ended.
    ended: VecDeque<EndedLife>,
    events: VecDeque<Recorded>,
    /// How many of those and of these are kept.
    last: usize,
}

/// An event that was kept.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Recorded {
    /// Its number.
    pub seq: u64,
    /// When it happened, since the recorder was started.
    pub at: Duration,
    /// The number of what it happened to.
    pub id: Option<u64>,
    /// The number of what that lives in.
    pub parent: Option<u64>,
    /// How much it matters.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub level: Level,
    /// The sentence that [`Event`] displays.
    pub text: String,
}

impl Recorder {
    /// Observes from here on, and keeps so many events and so many lives that have ended: the last ones. A thousand are plenty for an
    /// application.
    ///
    /// The recorder stays allocated when it is stopped, as any [observer](crate::event::observe) does: start one for a process.
    #[track_caller]
    #[allow(clippy::must_use_candidate, reason = "it may be asked for later, by another clone")]
    pub fn start(last: usize) -> Self {
        let kept = Arc::new(Lock::new(RecorderState {
            began: Instant::now(),
            living: Table::default(),
            ended: VecDeque::new(),
            events: VecDeque::new(),
            last,
        }));
        let keeps = Arc::clone(&kept);
        let observation = event::observe(Level::Trace, move |event| {
            // Texts are a user's: before the lock.
            let (text, failed) = (rendered(event), failure(event));
            keeps.lock().take(event, text, failed);
        });
        Recorder { kept, observation }
    }

    /// What lives right now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.living())
    }

    /// The last events, in the order in which they happened.
    #[must_use]
    pub fn events(&self) -> Vec<Recorded> {
        self.kept.lock().events.iter().cloned().collect()
    }

    /// What lives, and what has lived, as far as it is kept.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        let (living, ended) = {
            let kept = self.kept.lock();
            (kept.living.clone(), kept.ended.clone())
        };
        Timeline::of(&living, &ended)
    }

    /// A copy, so that events go on while something is made of it.
    fn living(&self) -> Table {
        self.kept.lock().living.clone()
    }

    /// Observes no more. What is kept stays.
    pub fn stop(&self) {
        self.observation.stop();
    }
}

impl RecorderState {
    fn take(&mut self, event: &Event<'_>, text: String, failed: Option<String>) {
        let ended = self.living.take(event);
        if self.last == 0 {
            return;
        }
        if let Some(life) = ended {
            let is_late = failed.is_some() && event.error().is_some_and(Error::is_timeout);
            let ended = EndedLife { life, failed, is_late };
            push_last(&mut self.ended, self.last, ended);
        }
        let recorded = Recorded {
            seq: event.seq(),
            at: event.at().duration_since(self.began),
            id: event.id().map(Id::get),
            parent: event.parent().map(Id::get),
            level: event.level(),
            text,
        };
        push_last(&mut self.events, self.last, recorded);
    }
}

fn push_last<T>(kept: &mut VecDeque<T>, last: usize, new: T) {
    if kept.len() == last {
        kept.pop_front();
    }
    kept.push_back(new);
}

/// How it failed, if this is the end of its enter or exit.
fn failure(event: &Event<'_>) -> Option<String> {
    match event.kind() {
        EventKind::EnterFailed { error, .. } | EventKind::ExitFailed { error, .. } => Some(rendered(error)),
        EventKind::Lost { reason } | EventKind::Interrupted { reason } => Some(reason.to_owned()),
        _ => None,
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}
