//! [`Collected`]: what becomes of an abandoned resource that may leave its task: its exit is collected, to be adopted or rescued
//! (law 3).

use std::future::Future;

use super::detached::Detached;
use super::exiting::exiting;
use super::side::Side;
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
        collect(Detached::new(resource), abandoned);
    }
}

fn collect(resource: Detached, abandoned: Origin) {
    event::abandoned(&abandoned.entry, collector::cause());
    let told = ForMembers::because(collector::cause(), None);
    collector::submit(job(resource, abandoned, told));
}

/// As [`job`], for code that is compiled once: of a resource whose type is forgotten.
pub(crate) fn job_of_any<R: ScopedResource>(resource: R, origin: Origin, told: ForMembers) -> OrphanExit {
    detached(Detached::new(resource), origin, told)
}

fn detached(resource: Detached, origin: Origin, told: ForMembers) -> OrphanExit {
    job(resource, origin, told)
}

/// The exit of an entered resource, to be run by any task.
pub(crate) fn job<R: ScopedResource>(resource: R, origin: Origin, told: ForMembers) -> OrphanExit {
    let state = if resource.__exits_elsewhere() {
        OrphanState::Elsewhere
    } else {
        OrphanState::Unbegun
    };
    let (subject, runtime, stray) = (origin.entry.subject(), origin.runtime.clone(), origin.stray);
    // If it never begins, its job names the resource, and this what that is made of.
    let unbegun = Kept::new(resource, origin, R::__lose);
    OrphanExit::new(state, exit_kept(unbegun, told), subject, runtime, stray)
}

/// The exit of an entered resource, in a budget of its own, told this.
#[allow(
    clippy::manual_async_fn,
    reason = "the parameter of an `async fn` would be stored twice"
)]
pub(crate) fn exit_kept<R: LocalResource>(
    unbegun: Kept<R>,
    told: ForMembers,
) -> impl Future<Output = Failures> + use<R> {
    async move {
        let (resource, Origin { entry, anchor, .. }) = unbegun.take();
        let exit = told.now(entry.policy.exit());
        exit.note(&entry);
        let mut side = Side::nothing();
        exiting(resource, &entry, &exit, &mut side, anchor).await;
        side.take_failures()
    }
}
