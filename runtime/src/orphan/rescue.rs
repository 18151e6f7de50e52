//! [`spawn`]: an abandoned exit that nobody can adopt runs in a task of its own, on the runtime its resource was entered on (law 3).

use tokio::runtime::Handle;

use super::ledger::PendingExit;
use super::orphan_exit::OrphanExit;
use crate::event::failures::Failures;
use crate::event::{self, EventKind};

/// Rescues a group of exits that were abandoned together: one task for each runtime they were entered on (normally that
/// is one), in order.
#[cold]
pub(crate) fn spawn(jobs: Vec<OrphanExit>) {
    let mut groups: Vec<(Handle, Vec<OrphanExit>)> = Vec::new();
    for mut job in jobs {
        // An exit that nothing can run reports itself as it drops.
        let Some(runtime) = job.runtime.take().or_else(|| Handle::try_current().ok()) else {
            continue;
        };
        match groups.iter_mut().find(|(handle, _)| handle.id() == runtime.id()) {
            Some((_, group)) => group.push(job),
            None => groups.push((runtime, vec![job])),
        }
    }
    for (runtime, group) in groups {
        spawn_on(&runtime, group);
    }
}

fn spawn_on(runtime: &Handle, group: Vec<OrphanExit>) {
    let told = group.iter().filter(|job| !job.is_elsewhere());
    let pending = PendingExit::begin(runtime.id(), told.map(|job| job.subject.clone()).collect());
    runtime.spawn(async move {
        let mut failures = Failures::default();
        for job in group {
            let reason = if job.stray {
                "no scope of the task that entered it was around it"
            } else {
                "its scope or guard was dropped, with no scope around it"
            };
            if !job.is_elsewhere() {
                event::emit(&job.subject, EventKind::Rescued { reason });
            }
            failures.append(job.await);
        }
        pending.end(failures);
    });
}
