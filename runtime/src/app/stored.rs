//! [`Stored`]: an entered member in its slot. Whoever drops it without exiting abandons the exit (law 3).

use std::fmt;

use tokio::runtime::Handle;

use super::resources::Closed;
use crate::base::entry::Entry;
use crate::base::identity::Anchor;
use crate::compose::kept::Kept;
use crate::compose::kind::{Kind, Takes};
use crate::resource::LocalResource;
use crate::resource::abandoned::Abandoned;
use crate::resource::exit::ForMembers;
use crate::scope::abandon::Collected;

/// The value of a field, and what is to be done with it. That is known where it is entered; nothing else has to know what
/// kind of resource it is, or complain if it is none.
pub struct Stored<V, K: Kind> {
    /// There from its enter until its exit begins.
    value: Option<V>,
    entry: Entry,
    runtime: Option<Handle>,
    part: fn(V, Abandoned, ForMembers) -> K::Job,
    abandon: fn(V, Abandoned),
}

impl<V, K: Kind> Stored<V, K> {
    /// A value that becomes an `R` on its way out.
    pub(super) fn new<R>(value: V, entry: Entry) -> Self
    where
        R: LocalResource + Closed<V>,
        K: Takes<R>,
    {
        Stored {
            value: Some(value),
            entry,
            runtime: Handle::try_current().ok(),
            part: |value, circumstances, exit| K::__part(Kept::again(R::__close(value), circumstances), exit),
            abandon: |value, circumstances| R::__close(value).__abandon::<Collected>(circumstances),
        }
    }

    pub(super) fn value(&self) -> &V {
        let Some(value) = &self.value else {
            unreachable!("what is stored is there until it is taken")
        };
        value
    }

    /// The value and its entry, for somebody else to keep.
    pub(super) fn open(mut self) -> (V, Entry) {
        (self.take(), self.entry.clone())
    }

    /// On its way out.
    pub(super) fn part(mut self, exit: ForMembers) -> K::Job {
        let value = self.take();
        (self.part)(value, self.circumstances(), exit)
    }

    fn take(&mut self) -> V {
        let Some(value) = self.value.take() else {
            unreachable!("what is stored is there until it is taken")
        };
        value
    }

    fn circumstances(&mut self) -> Abandoned {
        Abandoned {
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
            (self.abandon)(value, self.circumstances());
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
