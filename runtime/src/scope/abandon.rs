//! [`Collected`]: what becomes of an abandoned resource that may leave its task: its exit is collected, to be adopted or rescued
//! (law 3).

use crate::base::budget::Budget;
use crate::orphan::aside::Aside;
use crate::orphan::job::Job;
use crate::orphan::watch;
use crate::resource::ScopedResource;
use crate::resource::abandoned::{Abandoned, TakesOver};
use crate::resource::exit::Exit;
use crate::scope::ending::exiting;

pub(crate) enum Collected {}

impl TakesOver for Collected {
    fn __take_over<R: ScopedResource>(resource: R, abandoned: Abandoned) {
        let cause = watch::cause();
        let exit = move |budget| Exit::new(cause, budget);
        watch::submit(job(resource, abandoned, exit));
    }
}

/// The exit of a resource in a box, for whoever runs it. What it is told is made when it begins, from its budget.
pub(crate) fn job<R: ScopedResource>(
    resource: R,
    circumstances: Abandoned,
    exit: impl FnOnce(Option<Budget>) -> Exit + Send + 'static,
) -> Job {
    let (subject, runtime) = (circumstances.entry.subject(), circumstances.runtime.clone());
    let stray = circumstances.stray;
    let is_elsewhere = resource.__exits_elsewhere();
    let unrun = Unrun(Some((resource, circumstances)));
    let exit = async move {
        let (resource, Abandoned { entry, anchor, .. }) = unrun.begin();
        let exit = exit(entry.policy.exit());
        exit.note(&entry);
        let mut aside = Aside::nothing();
        exiting(resource, &entry, &exit, &mut aside, anchor).await;
        aside.take_failures()
    };
    if is_elsewhere {
        Job::waiting(exit, subject, runtime, stray)
    } else {
        Job::new(exit, subject, runtime, stray)
    }
}

/// A resource whose exit has not begun. If it never does, its job names the resource, and this what that is made of.
struct Unrun<R: ScopedResource>(Option<(R, Abandoned)>);

impl<R: ScopedResource> Unrun<R> {
    fn begin(mut self) -> (R, Abandoned) {
        match self.0.take() {
            Some(unrun) => unrun,
            None => unreachable!("an exit begins once"),
        }
    }
}

impl<R: ScopedResource> Drop for Unrun<R> {
    fn drop(&mut self) {
        if let Some((resource, circumstances)) = self.0.take() {
            resource.__lose(circumstances);
        }
    }
}
