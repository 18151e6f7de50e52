//! [`Collected`]: what becomes of an abandoned resource that may leave its task: its exit is collected, to be adopted or rescued
//! (law 3).

use std::future::Future;
use std::pin::Pin;

use super::exiting::exiting_by;
use super::side::Side;
use crate::error::BoxError;
use crate::orphan::job::Job;
use crate::orphan::watch;
use crate::report::failures::Failures;
use crate::resource::ScopedResource;
use crate::resource::abandoned::{Abandoned, TakesOver};
use crate::resource::exit::{Exit, ForMembers};

pub(crate) enum Collected {}

impl TakesOver for Collected {
    fn __take_over<R: ScopedResource>(resource: R, abandoned: Abandoned) {
        let told = ForMembers::because(watch::cause(), None);
        watch::submit(job(Box::new(resource), abandoned, told));
    }
}

/// A resource that may leave its task, whatever its type.
pub(crate) trait Detached: Send {
    fn exit_boxed<'x>(self: Box<Self>, exit: &'x Exit) -> DetachedExit<'x>
    where
        Self: 'x;

    fn goes_on(&self) -> fn() -> bool;

    fn exits_elsewhere(&self) -> bool;

    fn lose(self: Box<Self>, abandoned: Abandoned);
}

type DetachedExit<'x> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'x>>;

impl<R: ScopedResource> Detached for R {
    fn exit_boxed<'x>(self: Box<Self>, exit: &'x Exit) -> DetachedExit<'x>
    where
        Self: 'x,
    {
        Box::pin(ScopedResource::exit(*self, exit))
    }

    fn goes_on(&self) -> fn() -> bool {
        R::__goes_on
    }

    fn exits_elsewhere(&self) -> bool {
        self.__exits_elsewhere()
    }

    fn lose(self: Box<Self>, abandoned: Abandoned) {
        self.__lose(abandoned);
    }
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
    let (goes_on, mut side) = (resource.goes_on(), Side::nothing());
    exiting_by(|| resource.exit_boxed(&exit), goes_on, &entry, &exit, &mut side, anchor).await;
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
