//! [`Kept`]: an entered member as its group keeps it. Whoever drops it without exiting abandons the exit (law 3).

use std::fmt;
use std::mem;

use tokio::runtime::Handle;

use crate::base::entry::Entry;
use crate::base::identity::Anchor;
use crate::resource::LocalResource;
use crate::resource::origin::Origin;
use crate::scope::abandon::Collected;

/// A member, and what whoever ends it has to know.
pub struct Kept<R: LocalResource> {
    /// There from its enter until its exit begins.
    member: Option<(R, Entry)>,
    /// Where it was entered; a group may be dropped anywhere.
    runtime: Option<Handle>,
    stray: bool,
    /// The tasks that it was handed over from.
    anchor: Anchor,
}

impl<R: LocalResource> Kept<R> {
    /// From here on it will be exited, or its loss reported (law 5).
    pub(crate) fn new(resource: R, entry: Entry) -> Self {
        Kept {
            member: Some((resource, entry)),
            runtime: Handle::try_current().ok(),
            stray: false,
            anchor: Anchor::default(),
        }
    }

    /// One that may have come from another task.
    pub(crate) fn handed_over(mut self, anchor: Anchor) -> Self {
        self.anchor = anchor;
        self
    }

    /// One that was kept elsewhere.
    pub(crate) fn again(resource: R, circumstances: Origin) -> Self {
        let Origin {
            entry,
            runtime,
            stray,
            anchor,
        } = circumstances;
        Kept {
            member: Some((resource, entry)),
            runtime,
            stray,
            anchor,
        }
    }

    /// If it is abandoned with others: from which runtime, and whether by another task than the one that entered it.
    pub(crate) fn abandoned_from(mut self, from: Option<(Option<Handle>, bool)>) -> Self {
        if let Some((runtime, stray)) = from {
            (self.runtime, self.stray) = (runtime, stray);
        }
        self
    }

    pub(crate) fn resource(&self) -> &R {
        &self.member().0
    }

    pub(crate) fn resource_mut(&mut self) -> &mut R {
        &mut self.member_mut().0
    }

    pub(crate) fn entry(&self) -> &Entry {
        &self.member().1
    }

    pub(crate) fn entry_mut(&mut self) -> &mut Entry {
        &mut self.member_mut().1
    }

    fn member(&self) -> &(R, Entry) {
        let Some(member) = &self.member else {
            unreachable!("what is kept is there until it is taken")
        };
        member
    }

    fn member_mut(&mut self) -> &mut (R, Entry) {
        let Some(member) = &mut self.member else {
            unreachable!("what is kept is there until it is taken")
        };
        member
    }

    /// The member and its entry, for somebody else to keep.
    pub(crate) fn open(mut self) -> (R, Entry) {
        let Some(member) = self.member.take() else {
            unreachable!("what is kept is there until it is taken")
        };
        member
    }

    /// The member, and what whoever ends it has to know.
    pub(crate) fn into_parts(mut self) -> (R, Origin) {
        let runtime = self.runtime.take();
        let (stray, anchor) = (self.stray, mem::take(&mut self.anchor));
        let (resource, entry) = self.open();
        let circumstances = Origin {
            entry,
            runtime,
            stray,
            anchor,
        };
        (resource, circumstances)
    }
}

impl<R: LocalResource> Drop for Kept<R> {
    fn drop(&mut self) {
        if let Some((resource, entry)) = self.member.take() {
            resource.__abandon::<Collected>(Origin {
                entry,
                runtime: self.runtime.take(),
                stray: self.stray,
                anchor: mem::take(&mut self.anchor),
            });
        }
    }
}

impl<R: LocalResource> fmt::Debug for Kept<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("entry", self.entry())
            .finish_non_exhaustive()
    }
}
