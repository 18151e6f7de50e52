//! The one observer of all journals, which sees only what is entered where one of them looks: what other tests of the process do
//! beside it stays unobserved.

use std::sync::{Arc, OnceLock, Weak};

use super::home::Home;
use super::seen::Seen;
use crate::base::lock::Lock;
use crate::event::{self, Event, Level, Observation};

static JOURNALS: Lock<Vec<Weak<Lock<Seen>>>> = Lock::new(Vec::new());

/// For as long as that is kept.
pub(super) fn observe_for(journal: &Arc<Lock<Seen>>) {
    static OBSERVATION: OnceLock<Observation> = OnceLock::new();
    let mut journals = JOURNALS.lock();
    journals.retain(|journal| journal.strong_count() > 0);
    journals.push(Arc::downgrade(journal));
    drop(journals);
    OBSERVATION.get_or_init(|| event::observe_where(is_seen, Level::Debug, Box::new(tell)));
}

/// Whether a journal sees what begins here. This asks all scopes of a process, so it allocates nothing.
fn is_seen() -> bool {
    let here = Home::here();
    let journals = JOURNALS.lock();
    let mut journals = journals.iter().filter_map(Weak::upgrade);
    journals.any(|journal| journal.lock().sees(here))
}

fn tell(event: &Event<'_>) {
    for journal in JOURNALS.lock().iter().filter_map(Weak::upgrade) {
        journal.lock().take(event);
    }
}
