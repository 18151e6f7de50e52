//! [`Abandoned`]: what becomes of a resource whose scope or guard is dropped without its exit (law 3).

use std::fmt;

use tokio::runtime::Handle;

use crate::aside::Aside;
use crate::budget::Budget;
use crate::entry::Entry;
use crate::exit::Exit;
use crate::identity::Anchor;
use crate::job::Job;
use crate::report::{self, Report, ReportKind};
use crate::resource::ScopedResource;
use crate::scope::ending::exiting;
use crate::watch;

/// The circumstances of an abandonment; a resource adds itself.
pub struct Abandoned {
    pub(crate) entry: Entry,
    /// Where it was entered: the only place where its exit is known to work.
    pub(crate) runtime: Option<Handle>,
    /// Another task dropped it than entered it, so whoever watches there is not its enclosing scope.
    pub(crate) stray: bool,
    /// The tasks that it was handed over from.
    pub(crate) anchor: Anchor,
}

impl Abandoned {
    /// Lets a resource that may leave its task be adopted or rescued.
    pub(crate) fn submit<R: ScopedResource>(self, resource: R) {
        let cause = watch::cause();
        let exit = move |budget| Exit::new(cause, budget);
        watch::submit(job(resource, self, exit));
    }

    /// Reports a resource whose exit cannot leave its scope, and drops it.
    pub(crate) fn lose<R>(self, resource: R) {
        let reason =
            "it is local to its task and was dropped without its exit; only its `Drop` runs";
        report::send(&Report::about(
            ReportKind::Lost,
            &self.entry.subject(),
            reason,
        ));
        drop(resource);
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

impl fmt::Debug for Abandoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Abandoned")
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}
