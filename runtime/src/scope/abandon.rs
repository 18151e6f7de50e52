//! [`Collected`]: what becomes of an abandoned resource that may leave its task: its exit is collected, to be adopted or rescued
//! (law 3).

use std::future::Future;

use tokio::runtime::Handle;

use super::detached::Detached;
use super::exiting::{exiting, exiting_detached};
use super::side::Side;
use crate::base::entry::Subject;
use crate::event;
use crate::event::failures::Failures;
use crate::orphan::collector;
use crate::orphan::orphan_exit::{OrphanExit, OrphanState};
use crate::resource::ScopedResource;
use crate::resource::TakesOver;
use crate::resource::exit::ForMembers;
use crate::resource::origin::Origin;

pub(crate) enum Collected {}

impl TakesOver for Collected {
    fn __take_over<R: ScopedResource>(resource: R, abandoned: Origin) {
        collect(Box::new(resource), abandoned);
    }
}

fn collect(resource: Box<dyn Detached>, abandoned: Origin) {
    event::abandoned(&abandoned.entry, collector::cause());
    let told = ForMembers::because(collector::cause(), None);
    collector::submit(detached(resource, abandoned, told));
}

/// The exit of a resource whose type is forgotten, to be run by any task.
fn detached(resource: Box<dyn Detached>, origin: Origin, told: ForMembers) -> OrphanExit {
    let (circumstances, is_elsewhere) = (Circumstances::of(&origin), resource.exits_elsewhere());
    let unbegun = Unbegun::new(resource, origin, <dyn Detached>::lose);
    circumstances.job(is_elsewhere, async move {
        let (resource, Origin { entry, anchor, .. }) = unbegun.begin();
        let exit = told.now(entry.policy.exit());
        exit.note(&entry);
        let mut side = Side::nothing();
        exiting_detached(resource, &entry, &exit, &mut side, anchor).await;
        side.take_failures()
    })
}

/// As [`job`], for code that is compiled once: of a resource whose type is forgotten.
pub(crate) fn job_of_any<R: ScopedResource>(resource: R, origin: Origin, told: ForMembers) -> OrphanExit {
    detached(Box::new(resource), origin, told)
}

/// As [`detached`], of a resource that is about to exit as a part of something else: in one box.
pub(crate) fn job<R: ScopedResource>(resource: R, origin: Origin, told: ForMembers) -> OrphanExit {
    let (circumstances, is_elsewhere) = (Circumstances::of(&origin), resource.__exits_elsewhere());
    let unbegun = Unbegun::new(resource, origin, R::__lose);
    circumstances.job(is_elsewhere, async move {
        let (resource, Origin { entry, anchor, .. }) = unbegun.begin();
        let exit = told.now(entry.policy.exit());
        exit.note(&entry);
        let mut side = Side::nothing();
        exiting(resource, &entry, &exit, &mut side, anchor).await;
        side.take_failures()
    })
}

/// What a job tells of its resource before it begins.
struct Circumstances {
    subject: Subject,
    runtime: Option<Handle>,
    stray: bool,
}

impl Circumstances {
    fn of(origin: &Origin) -> Self {
        Circumstances {
            subject: origin.entry.subject(),
            runtime: origin.runtime.clone(),
            stray: origin.stray,
        }
    }

    fn job(self, is_elsewhere: bool, exit: impl Future<Output = Failures> + Send + 'static) -> OrphanExit {
        let Circumstances {
            subject,
            runtime,
            stray,
        } = self;
        let state = if is_elsewhere {
            OrphanState::Elsewhere
        } else {
            OrphanState::Unbegun
        };
        OrphanExit::new(state, exit, subject, runtime, stray)
    }
}

/// A resource whose exit has not begun. If it never does, its job names the resource, and this what that is made of.
struct Unbegun<T> {
    resource: Option<(T, Origin)>,
    lose: fn(T, Origin),
}

impl<T> Unbegun<T> {
    fn new(resource: T, origin: Origin, lose: fn(T, Origin)) -> Self {
        let resource = Some((resource, origin));
        Unbegun { resource, lose }
    }

    fn begin(mut self) -> (T, Origin) {
        match self.resource.take() {
            Some(unbegun) => unbegun,
            None => unreachable!("an exit begins once"),
        }
    }
}

impl<T> Drop for Unbegun<T> {
    fn drop(&mut self) {
        if let Some((resource, origin)) = self.resource.take() {
            (self.lose)(resource, origin);
        }
    }
}
