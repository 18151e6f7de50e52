//! [`Origin`]: where a resource comes from whose scope or guard was dropped without its exit (law 3).

use std::fmt;

use tokio::runtime::Handle;

use crate::base::entry::Entry;
use crate::base::identity::Anchor;
use crate::event::{self, EventKind};

/// The circumstances of an abandonment; a resource adds itself.
pub struct Origin {
    pub(crate) entry: Entry,
    /// Where it was entered: the only place where its exit is known to work.
    pub(crate) runtime: Option<Handle>,
    /// Another task dropped it than entered it, so a collector there is not that of its enclosing scope.
    pub(crate) stray: bool,
    /// The tasks that it was handed over from.
    pub(crate) anchor: Anchor,
}

/// From which runtime several are abandoned together, and whether by another task than the one that entered them.
pub(crate) type AbandonedFrom = (Option<Handle>, bool);

impl Origin {
    /// Of what has just been entered.
    pub(crate) fn here(entry: Entry) -> Self {
        Origin {
            entry,
            runtime: Handle::try_current().ok(),
            stray: false,
            anchor: Anchor::default(),
        }
    }

    /// As one of several that are abandoned together, if it is.
    pub(crate) fn abandoned_from(mut self, from: Option<AbandonedFrom>) -> Self {
        if let Some((runtime, stray)) = from {
            (self.runtime, self.stray) = (runtime, stray);
        }
        self
    }

    /// Reports a resource whose exit cannot leave its scope, and drops it.
    pub(crate) fn lose<R>(self, resource: R) {
        let reason = "it is local to its task and was dropped without its exit; only its `Drop` runs\n\
                      help: what unwinds in place of dropping awaits it: `timeout`, `until` and `race` of this crate";
        event::emit(&self.entry.subject(), EventKind::Lost { reason });
        drop(resource);
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}
