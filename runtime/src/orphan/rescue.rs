//! [`spawn`]: an abandoned exit that nobody can adopt runs in a task of its own, on the runtime its resource was entered on (law 3).

use std::future::poll_fn;

use tokio::runtime::Handle;

use super::exits::{ExitSource, OrphanExits};
use super::ledger::PendingExit;
use super::orphan_exit::OrphanExit;
use crate::base::entry::Subject;

/// Rescues a group of exits that were abandoned together: one task for each runtime they were entered on (normally that
/// is one), in order.
#[cold]
pub(crate) fn spawn(mut jobs: Vec<OrphanExit>) {
    while let Some(first) = jobs.first_mut() {
        // An exit that nothing can run reports itself as it drops.
        let Some(runtime) = first.runtime.clone().or_else(|| Handle::try_current().ok()) else {
            jobs.remove(0);
            continue;
        };
        let is_ours = |job: &OrphanExit| job.runtime.as_ref().is_none_or(|of| of.id() == runtime.id());
        let (group, others) = if jobs.iter().all(is_ours) {
            (jobs, Vec::new())
        } else {
            jobs.into_iter().partition(is_ours)
        };
        spawn_on(&runtime, group);
        jobs = others;
    }
}

fn spawn_on(runtime: &Handle, mut group: Vec<OrphanExit>) {
    let pending = PendingExit::begin(runtime.id(), group.iter_mut().map(rescued));
    let mut exits = OrphanExits { left: group.into(), ..OrphanExits::default() };
    runtime.spawn(async move {
        poll_fn(|cx| exits.poll_each(cx)).await;
        pending.end(exits.failures);
    });
}

/// Whom it exits, unless others tell of that.
fn rescued(job: &mut OrphanExit) -> Option<Subject> {
    if job.is_elsewhere() {
        return None;
    }
    job.rescued = Some(if job.stray {
        "no scope of the task that entered it was around it"
    } else {
        "its scope or guard was dropped, with no scope around it"
    });
    Some(job.subject.clone())
}
