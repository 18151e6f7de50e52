//! [`Stored`]: an entered member in its slot. Whoever drops it without exiting abandons the exit (law 3).

use std::fmt;

use tokio::runtime::Handle;

use super::role::Ending;
use crate::base::entry::Entry;
use crate::base::identity::Anchor;
use crate::lifespan::kind::Kind;
use crate::resource::exit::ForMembers;
use crate::resource::origin::Origin;

/// The value of a field, and what is to be done with it.
pub struct Stored<V, K: Kind> {
    /// There from its enter until its exit begins.
    value: Option<V>,
    entry: Entry,
    runtime: Option<Handle>,
    ending: Ending<V, K>,
}

impl<V, K: Kind> Stored<V, K> {
    pub(super) fn new(value: V, entry: Entry, ending: Ending<V, K>) -> Self {
        Stored {
            value: Some(value),
            entry,
            runtime: Handle::try_current().ok(),
            ending,
        }
    }

    pub(super) fn value(&self) -> &V {
        let Some(value) = &self.value else {
            unreachable!("what is stored is there until it is taken")
        };
        value
    }

    pub(super) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The value, for somebody else to keep.
    pub(super) fn open(mut self) -> Option<V> {
        self.value.take()
    }

    /// On its way out.
    pub(super) fn part(mut self, exit: ForMembers) -> Option<K::Exit> {
        let value = self.value.take()?;
        Some((self.ending.part)(value, self.circumstances(), exit))
    }

    fn circumstances(&mut self) -> Origin {
        Origin {
            entry: self.entry.clone(),
            runtime: self.runtime.take(),
            stray: false,
            anchor: Anchor::default(),
        }
    }
}

impl<V, K: Kind> Drop for Stored<V, K> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            (self.ending.abandon)(value, self.circumstances());
        }
    }
}

impl<V, K: Kind> fmt::Debug for Stored<V, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}
