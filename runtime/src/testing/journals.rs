//! The one observer of all journals, which sees only what is entered where one of them looks: what other tests of the process do
//! beside it stays unobserved.

use std::sync::{Arc, OnceLock, Weak};

use super::home::Home;
use super::seen::Seen;
use crate::base::lock::Lock;
use crate::event::{self, Event, Id, Level, Observation};

static JOURNALS: Lock<Vec<Weak<Lock<Seen>>>> = Lock::new(Vec::new());

/// A new one, observed for as long as it is kept. Those that look at the same place have one root.
pub(super) fn begin() -> Arc<Lock<Seen>> {
    static OBSERVATION: OnceLock<Observation> = OnceLock::new();
    let seen = Arc::new(Lock::new(Seen::new(root().unwrap_or_else(Id::next))));
    {
        let mut journals = JOURNALS.lock();
        journals.retain(|journal| journal.strong_count() > 0);
        journals.push(Arc::downgrade(&seen));
    }
    OBSERVATION.get_or_init(|| event::observe_where(root, Level::Debug, Box::new(tell)));
    seen
}

/// If a journal sees what begins here: the parent of that, where it is inside of nothing. This asks all scopes of a process, so it
/// allocates nothing.
fn root() -> Option<Id> {
    let here = Home::here();
    let journals = JOURNALS.lock();
    journals.iter().filter_map(Weak::upgrade).find_map(|journal| {
        let seen = journal.lock();
        seen.sees(here).then_some(seen.root)
    })
}

fn tell(event: &Event<'_>) {
    for journal in JOURNALS.lock().iter().filter_map(Weak::upgrade) {
        journal.lock().take(event);
    }
}
