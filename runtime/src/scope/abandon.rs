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
use crate::resource::exit::ForMembers;
use crate::resource::kept::Kept;
use crate::resource::origin::Origin;
use crate::resource::{LocalResource, ScopedResource, TakesOver};

pub(crate) enum Collected {}

/// An entered resource, whichever type that is. Dropped, it is abandoned.
pub(crate) fn kept<R: LocalResource>(resource: R, origin: Origin) -> Kept<R> {
    Kept::new(resource, origin, R::__abandon::<Collected>)
}

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
    // If it never begins, its job names the resource, and this what that is made of.
    let unbegun = Kept::new(resource, origin, <dyn Detached>::lose);
    circumstances.job(is_elsewhere, async move {
        let (resource, Origin { entry, anchor, .. }) = unbegun.take();
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
    let unbegun = Kept::new(resource, origin, R::__lose);
    circumstances.job(is_elsewhere, async move {
        let (resource, Origin { entry, anchor, .. }) = unbegun.take();
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
