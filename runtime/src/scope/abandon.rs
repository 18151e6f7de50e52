//! [`Collected`]: what becomes of an abandoned resource that may leave its task: its exit is collected, to be adopted or rescued
//! (law 3).

use super::detached::Detached;
use super::exiting::exiting_detached;
use super::side::Side;
use crate::orphan::job::Job;
use crate::orphan::watch;
use crate::report::failures::Failures;
use crate::resource::ScopedResource;
use crate::resource::abandoned::{Abandoned, TakesOver};
use crate::resource::exit::ForMembers;

pub(crate) enum Collected {}

impl TakesOver for Collected {
    fn __take_over<R: ScopedResource>(resource: R, abandoned: Abandoned) {
        collect(Box::new(resource), abandoned);
    }
}

fn collect(resource: Box<dyn Detached>, abandoned: Abandoned) {
    let told = ForMembers::because(watch::cause(), None);
    watch::submit(job(resource, abandoned, told));
}

/// The exit of a resource in a box, to be run by any task. What it is told is made when it begins, from its budget.
pub(crate) fn job(resource: Box<dyn Detached>, circumstances: Abandoned, told: ForMembers) -> Job {
    let (subject, runtime) = (circumstances.entry.subject(), circumstances.runtime.clone());
    let stray = circumstances.stray;
    let is_elsewhere = resource.exits_elsewhere();
    let exit = run(Unbegun(Some((resource, circumstances))), told);
    if is_elsewhere {
        Job::waiting(exit, subject, runtime, stray)
    } else {
        Job::new(exit, subject, runtime, stray)
    }
}

async fn run(unbegun: Unbegun, told: ForMembers) -> Failures {
    let (resource, Abandoned { entry, anchor, .. }) = unbegun.begin();
    let exit = told.now(entry.policy.exit());
    exit.note(&entry);
    let mut side = Side::nothing();
    exiting_detached(resource, &entry, &exit, &mut side, anchor).await;
    side.take_failures()
}

/// A resource whose exit has not begun. If it never does, its job names the resource, and this what that is made of.
struct Unbegun(Option<(Box<dyn Detached>, Abandoned)>);

impl Unbegun {
    fn begin(mut self) -> (Box<dyn Detached>, Abandoned) {
        match self.0.take() {
            Some(unbegun) => unbegun,
            None => unreachable!("an exit begins once"),
        }
    }
}

impl Drop for Unbegun {
    fn drop(&mut self) {
        if let Some((resource, circumstances)) = self.0.take() {
            resource.lose(circumstances);
        }
    }
}
