//! [`Kept`]: an entered member as its group keeps it. Whoever drops it without exiting abandons the exit (law 3).

use std::fmt;

use tokio::runtime::Handle;

use crate::abandon::Abandoned;
use crate::entry::Entry;
use crate::resource::LocalResource;

/// A value, and how it becomes the resource that ends it: a field of a struct may have its end beside it.
pub struct Kept<V, R: LocalResource> {
    /// There from its enter until its exit begins.
    value: Option<V>,
    entry: Entry,
    close: fn(V) -> R,
    /// Where it was entered; a group may be dropped anywhere.
    runtime: Option<Handle>,
    stray: bool,
}

impl<V, R: LocalResource> Kept<V, R> {
    /// From here on it will be exited, or its loss reported (law 5).
    pub(super) fn new(value: V, entry: Entry, close: fn(V) -> R) -> Self {
        Kept {
            value: Some(value),
            entry,
            close,
            runtime: Handle::try_current().ok(),
            stray: false,
        }
    }

    /// Whether another task holds it than the one that entered it.
    pub(super) fn stray(mut self, stray: bool) -> Self {
        self.stray = stray;
        self
    }

    pub(super) fn value(&self) -> &V {
        let Some(value) = &self.value else {
            unreachable!("what is kept is there until it is taken")
        };
        value
    }

    /// The value and its entry, for somebody else to keep.
    pub(super) fn open(mut self) -> (V, Entry) {
        (self.take(), self.entry.clone())
    }

    /// As the resource it is, with what whoever ends it has to know.
    pub(super) fn into_parts(mut self) -> (R, Abandoned) {
        let resource = (self.close)(self.take());
        (resource, self.circumstances())
    }

    /// As the resource it is.
    pub(super) fn closed(self) -> Kept<R, R> {
        let (
            resource,
            Abandoned {
                entry,
                runtime,
                stray,
            },
        ) = self.into_parts();
        Kept {
            value: Some(resource),
            entry,
            close: |resource| resource,
            runtime,
            stray,
        }
    }

    fn circumstances(&mut self) -> Abandoned {
        Abandoned {
            entry: self.entry.clone(),
            runtime: self.runtime.take(),
            stray: self.stray,
        }
    }

    fn take(&mut self) -> V {
        let Some(value) = self.value.take() else {
            unreachable!("what is kept is there until it is taken")
        };
        value
    }
}

impl<V, R: LocalResource> Drop for Kept<V, R> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            (self.close)(value).__abandon(self.circumstances());
        }
    }
}

impl<V, R: LocalResource> fmt::Debug for Kept<V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}
