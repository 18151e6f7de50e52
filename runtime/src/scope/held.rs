//! [`Held`]: an entered resource on its way to its exit. Whoever drops it without exiting abandons the exit (law 3). [`Keep`] is
//! all of that but for the resource itself, so that it knows no types.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;

use super::abandon::Collected;
use super::body_region::BodyRegion;
use super::exiting::exiting;
use super::side::{Adopted, Side};
use crate::base::entry::Entry;
use crate::base::identity::{Anchor, Checkpoint, Within};
use crate::cancel::current;
use crate::cancel::node::Node;
use crate::error::Error;
use crate::event;
use crate::orphan::collector::{self, Collector};
use crate::resource::LocalResource;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::resource::origin::Origin;

pub(crate) struct Held<R: LocalResource> {
    /// There from its enter until its exit begins.
    resource: Option<R>,
    pub(crate) keep: Keep,
}

/// What is kept with an entered resource, for its exit.
pub(crate) struct Keep {
    pub(crate) entry: Entry,
    pub(super) runtime: Option<Handle>,
    affinity: Affinity,
    /// The tasks that it was handed over from.
    pub(super) anchor: Anchor,
    /// In which exit it was entered.
    pub(crate) within: Within,
    pub(crate) side: Side,
}

/// Which task a held resource belongs to.
enum Affinity {
    /// That of the future around it, which checks for itself.
    Scope,
    /// That of a guard.
    Task(Checkpoint),
    /// None: it is being handed over.
    InTransit,
}

impl Keep {
    #[inline]
    pub(crate) fn new(entry: Entry) -> Self {
        Keep {
            entry,
            runtime: None,
            affinity: Affinity::Scope,
            anchor: Anchor::default(),
            within: Within::here(),
            side: Side::nothing(),
        }
    }

    /// Its resource has entered, whatever the enter was asked.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.within = Within::here();
        if self.side.is_stopping() {
            self.side.take_stop();
        }
    }

    /// As in a body that waits.
    fn remember_runtime(&mut self) {
        if self.runtime.is_none() {
            self.runtime = Handle::try_current().ok();
        }
    }

    #[inline]
    fn put_up_region(&mut self, ask: &mut dyn FnMut(&mut Failing<'_>)) {
        if let Some(node) = Failing::node(&self.entry, ask) {
            self.put_up(node);
        }
    }

    #[cold]
    fn put_up(&mut self, node: Arc<Node>) {
        node.call(&self.entry);
        current::call(&self.entry);
        self.side.put_up(BodyRegion::new(node));
    }

    fn origin(&mut self, stray: bool) -> Origin {
        self.remember_runtime();
        Origin {
            entry: self.entry.clone(),
            runtime: self.runtime.take(),
            stray,
            anchor: self.anchor.clone(),
        }
    }

    /// Abandons the resource. What it had adopted comes before it, and what its parts abandon belongs to the tasks of the whole.
    #[cold]
    fn abandon(&mut self, abandon: &mut dyn FnMut(Origin)) {
        let stray = match &self.affinity {
            Affinity::Scope => false,
            Affinity::Task(checkpoint) => {
                self.anchor.join(checkpoint);
                !checkpoint.is_here()
            }
            Affinity::InTransit => true,
        };
        event::abandoned(&self.entry, collector::cause());
        drop(std::mem::replace(&mut self.side, Side::nothing()));
        let collector = Collector::open();
        abandon(self.origin(stray));
        collector.hand_on(&mut |job| job.anchor.or(|| self.anchor.clone()));
    }
}

impl<R: LocalResource> Held<R> {
    /// From here on the resource will be exited, or its loss reported (law 5).
    #[inline]
    pub(crate) fn new(resource: R, entry: Entry) -> Self {
        Held::kept(resource, Keep::new(entry))
    }

    /// As [`new`](Held::new), after an enter that may have left something to do.
    #[inline]
    pub(super) fn kept(resource: R, keep: Keep) -> Self {
        Held { resource: Some(resource), keep }
    }

    /// From here on it belongs to the calling task, outside of any scope of its own. Its runtime stays the one it was
    /// entered on, and is remembered now: a guard may be dropped anywhere.
    pub(crate) fn settle_here(&mut self) {
        self.keep.remember_runtime();
        self.keep.affinity = Affinity::Task(Checkpoint::here(&self.keep.entry));
    }

    /// From here on it belongs to no task, so that no scope may adopt it.
    pub(crate) fn depart(&mut self) {
        if let Affinity::Task(checkpoint) = std::mem::replace(&mut self.keep.affinity, Affinity::InTransit) {
            self.keep.anchor.join(&checkpoint);
        }
    }

    /// From here on it belongs to nobody but the caller, who must be of its task: another is refused, and it is rescued
    /// (law 10).
    pub(crate) fn leave_task(&mut self, place: &'static Location<'static>) {
        let affinity = std::mem::replace(&mut self.keep.affinity, Affinity::InTransit);
        if let Affinity::Task(checkpoint) = affinity {
            let mut checkpoint = checkpoint.exited_at(place);
            checkpoint.pass(place);
            self.keep.anchor.join(&checkpoint);
        }
    }

    /// Puts it into the hands of a future, which checks for itself from here on.
    pub(crate) fn board(&mut self) -> Checkpoint {
        match std::mem::replace(&mut self.keep.affinity, Affinity::Scope) {
            Affinity::Task(checkpoint) => checkpoint,
            Affinity::Scope | Affinity::InTransit => Checkpoint::here(&self.keep.entry),
        }
    }

    /// Gives its body a region if the resource can fail meanwhile (law 21).
    #[inline]
    pub(crate) fn put_up_region(&mut self) {
        let (resource, keep) = self.parts();
        keep.put_up_region(&mut |failing| resource.__failure(failing));
    }

    /// Awaits what was abandoned so far.
    pub(crate) fn adopted(&mut self) -> impl Future<Output = ()> + use<'_, R> {
        let Keep { runtime, side, .. } = &mut self.keep;
        Adopted { runtime, side }
    }

    pub(crate) fn resource_mut(&mut self) -> &mut R {
        self.parts().0
    }

    /// The resource, and the rest.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&mut R, &mut Keep) {
        let Some(resource) = &mut self.resource else { gone() };
        (resource, &mut self.keep)
    }

    pub(crate) fn resource(&self) -> &R {
        let Some(resource) = &self.resource else { gone() };
        resource
    }

    /// The resource and where it comes from, for somebody else to hold; nothing is set aside for it while it is held.
    pub(crate) fn into_parts(mut self) -> (R, Origin) {
        (take(&mut self.resource), self.keep.origin(false))
    }

    /// Exits the resource; what fails is set aside. Dropped in the middle, the exit is interrupted (law 6).
    #[inline]
    pub(crate) fn exit<'a>(&'a mut self, exit: &'a Exit) -> impl Future<Output = ()> + use<'a, R> {
        let Keep { entry, anchor, side, .. } = &mut self.keep;
        exiting(take(&mut self.resource), entry, exit, side, anchor.clone())
    }

    /// The resource and the rest, for its exit.
    #[inline]
    pub(super) fn open(&mut self) -> (&mut Option<R>, &mut Keep) {
        (&mut self.resource, &mut self.keep)
    }
}

/// The resource, whose exit begins.
#[inline]
pub(super) fn take<R>(resource: &mut Option<R>) -> R {
    let Some(resource) = resource.take() else { gone() };
    resource
}

#[cold]
fn gone() -> ! {
    unreachable!("a held resource is there from its enter to its exit")
}

impl<R: LocalResource> Drop for Held<R> {
    #[inline]
    fn drop(&mut self) {
        let Held { resource, keep } = self;
        if resource.is_some() {
            keep.abandon(&mut |abandoned| {
                if let Some(resource) = resource.take() {
                    resource.__abandon::<Collected>(abandoned);
                }
            });
        }
    }
}

/// Gives a resource as soon as what its enter abandoned has exited.
pub(crate) struct Settled<R: LocalResource>(Option<Held<R>>);

impl<R: LocalResource> Settled<R> {
    #[inline]
    pub(crate) fn new(held: Held<R>) -> Self {
        Settled(Some(held))
    }
}

impl<R: LocalResource> Unpin for Settled<R> {}

impl<R: LocalResource> Future for Settled<R> {
    type Output = Result<Held<R>, Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(held) = &mut self.0 {
            let Keep { runtime, side, .. } = &mut held.keep;
            ready!(side.poll_adopted_on(runtime, cx));
        }
        let Some(held) = self.0.take() else { gone() };
        Poll::Ready(Ok(held))
    }
}
