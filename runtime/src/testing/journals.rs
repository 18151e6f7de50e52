//! The one observer of all journals, which sees only what is entered where one of them looks: what other tests of the process do
//! beside it stays unobserved.

use std::sync::{Arc, MutexGuard, OnceLock};

use super::home::Home;
use super::seen::Seen;
use crate::base::lock::Lock;
use crate::event::{self, Event, Id, Level, Observation};

static JOURNALS: Lock<Vec<Arc<Lock<Seen>>>> = Lock::new(Vec::new());

/// What is seen for one journal, until this is dropped. Nothing of it is ever dropped by another thread that looks.
pub(super) struct Seeing(Arc<Lock<Seen>>);

impl Seeing {
    /// Those that look at the same place have one root.
    pub(super) fn begin() -> Self {
        static OBSERVATION: OnceLock<Observation> = OnceLock::new();
        let seen = Arc::new(Lock::new(Seen::new(root().unwrap_or_else(Id::next))));
        JOURNALS.lock().push(Arc::clone(&seen));
        OBSERVATION.get_or_init(|| event::observe_where(root, Level::Debug, Box::new(tell)));
        Seeing(seen)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock()
    }
}

impl Drop for Seeing {
    fn drop(&mut self) {
        JOURNALS.lock().retain(|seen| !Arc::ptr_eq(seen, &self.0));
    }
}

/// If a journal sees what begins here: the parent of that, where it is inside of nothing. This asks all scopes of a process, so it
/// allocates nothing.
fn root() -> Option<Id> {
    let here = Home::here();
    JOURNALS.lock().iter().find_map(|journal| {
        let seen = journal.lock();
        seen.sees(here).then_some(seen.root)
    })
}

fn tell(event: &Event<'_>) {
    for journal in JOURNALS.lock().iter() {
        journal.lock().take(event);
    }
}
