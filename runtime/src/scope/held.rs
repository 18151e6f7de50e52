//! [`Held`]: an entered resource on its way to its exit. Whoever drops it without exiting abandons the exit (law 3).

use std::future::{Future, poll_fn};
use std::panic::Location;

use tokio::runtime::Handle;

use super::ending::exiting;
use crate::base::entry::Entry;
use crate::base::identity::{Anchor, Checkpoint, Within};
use crate::orphan::aside::Aside;
use crate::orphan::watch::{self, Watch};
use crate::resource::LocalResource;
use crate::resource::abandoned::Abandoned;
use crate::resource::exit::Exit;
use crate::scope::abandon::Collected;

pub(crate) struct Held<R: LocalResource> {
    /// There from its enter until its exit begins.
    resource: Option<R>,
    pub(crate) entry: Entry,
    runtime: Option<Handle>,
    home: Home,
    /// The tasks that it was handed over from.
    anchor: Anchor,
    /// In which exit it was entered.
    pub(crate) within: Within,
    pub(crate) aside: Aside,
}

/// Which task a held resource belongs to.
enum Home {
    /// That of the future around it, which checks for itself.
    Scope,
    /// That of a guard.
    Task(Checkpoint),
    /// None: it is being handed over.
    Transit,
}

impl<R: LocalResource> Held<R> {
    /// From here on the resource will be exited, or its loss reported (law 5).
    #[inline]
    pub(crate) fn new(resource: R, entry: Entry, aside: Aside) -> Self {
        Held {
            resource: Some(resource),
            entry,
            runtime: None,
            home: Home::Scope,
            anchor: Anchor::default(),
            within: Within::here(),
            aside,
        }
    }

    /// From here on it belongs to the calling task, outside of any scope of its own. Its runtime stays the one it was
    /// entered on, and is remembered now: a guard may be dropped anywhere.
    pub(crate) fn settle_here(&mut self) {
        self.remember_runtime();
        self.home = Home::Task(Checkpoint::here(&self.entry));
    }

    /// From here on it belongs to no task, so that no scope may adopt it.
    pub(crate) fn depart(&mut self) {
        if let Home::Task(checkpoint) = std::mem::replace(&mut self.home, Home::Transit) {
            self.anchor.join(&checkpoint);
        }
    }

    /// From here on it belongs to nobody but the caller, who must be of its task: another is refused, and it is rescued
    /// (law 10).
    pub(crate) fn leave_task(&mut self, place: &'static Location<'static>) {
        let home = std::mem::replace(&mut self.home, Home::Transit);
        if let Home::Task(checkpoint) = home {
            let mut checkpoint = checkpoint.exited_at(place);
            checkpoint.pass(place);
            self.anchor.join(&checkpoint);
        }
    }

    /// The tasks that it was handed over from.
    pub(crate) fn take_anchor(&mut self) -> Anchor {
        std::mem::take(&mut self.anchor)
    }

    /// Puts it into the hands of a future, which checks for itself from here on.
    pub(crate) fn board(&mut self) -> Checkpoint {
        match std::mem::replace(&mut self.home, Home::Scope) {
            Home::Task(checkpoint) => checkpoint,
            Home::Scope | Home::Transit => Checkpoint::here(&self.entry),
        }
    }

    /// Awaits what the body abandoned. Its runtime is remembered as in a body that waits.
    #[cold]
    pub(crate) fn adopted(&mut self) -> impl Future<Output = ()> + use<'_, R> {
        self.remember_runtime();
        poll_fn(|cx| self.aside.poll_adopted(cx))
    }

    /// As in a body that waits.
    pub(super) fn remember_runtime(&mut self) {
        if self.runtime.is_none() {
            self.runtime = Handle::try_current().ok();
        }
    }

    pub(crate) fn resource_mut(&mut self) -> &mut R {
        self.parts().0
    }

    /// The resource, the place for the runtime that a rescue needs, and what is set aside.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&mut R, &mut Option<Handle>, &mut Aside) {
        let Some(resource) = &mut self.resource else {
            unreachable!("a held resource is there from its enter to its exit")
        };
        (resource, &mut self.runtime, &mut self.aside)
    }

    pub(crate) fn resource(&self) -> &R {
        let Some(resource) = &self.resource else {
            unreachable!("a held resource is there from its enter to its exit")
        };
        resource
    }

    /// The resource and its entry, for somebody else to hold; nothing is set aside for it while it is held.
    pub(crate) fn into_parts(mut self) -> (R, Entry) {
        (self.leave().0, self.entry.clone())
    }

    /// Exits the resource; what fails is set aside. Dropped in the middle, the exit is interrupted (law 6).
    #[inline]
    pub(crate) fn exit<'a>(&'a mut self, exit: &'a Exit) -> impl Future<Output = ()> + use<'a, R> {
        let (resource, anchor) = self.leave();
        exiting(resource, &self.entry, exit, &mut self.aside, anchor)
    }

    /// The resource, for its exit, and whose that is.
    #[inline]
    pub(super) fn leave(&mut self) -> (R, Anchor) {
        let Some(resource) = self.resource.take() else {
            unreachable!("a held resource is there from its enter to its exit")
        };
        (resource, self.anchor.clone())
    }
}

impl<R: LocalResource> Drop for Held<R> {
    #[inline]
    fn drop(&mut self) {
        if self.resource.is_some() {
            self.abandon();
        }
    }
}

impl<R: LocalResource> Held<R> {
    #[cold]
    fn abandon(&mut self) {
        let Some(resource) = self.resource.take() else {
            return;
        };
        let stray = match &self.home {
            Home::Scope => false,
            Home::Task(checkpoint) => {
                self.anchor.join(checkpoint);
                !checkpoint.is_here()
            }
            Home::Transit => true,
        };
        // What it had adopted comes before it.
        drop(std::mem::replace(&mut self.aside, Aside::nothing()));
        self.remember_runtime();
        let watch = Watch::open();
        resource.__abandon::<Collected>(Abandoned {
            entry: self.entry.clone(),
            runtime: self.runtime.take(),
            stray,
            anchor: self.anchor.clone(),
        });
        watch.close(|mut jobs| {
            for job in &mut jobs {
                job.anchor.or(|| self.anchor.clone());
            }
            watch::pass_on(jobs);
        });
    }
}
