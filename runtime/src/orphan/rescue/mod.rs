//! Rescue: an abandoned exit that nobody can adopt runs in a task of its own, on the runtime its resource was entered
//! on, and [`drain`] waits for it, and for the owners that were asked to end (laws 3 and 4).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::{self, Handle};
use tokio::sync::Notify;

use crate::base::entry::Subject;
use crate::event::failures::Failures;
use crate::event::{self, EventKind};
use crate::orphan::orphan_exit::OrphanExit;

mod drained;
mod owner_entry;

pub use drained::{Drained, drain};
pub(crate) use owner_entry::{Owned, OwnerEntry};
#[cfg(feature = "signal")]
pub(crate) use owner_entry::{close_owners, mark};

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
    let told = group.iter().filter(|job| !job.only_waits);
    let pending = PendingExit::begin(runtime.id(), told.map(|job| job.subject.clone()).collect());
    runtime.spawn(async move {
        let mut failures = Failures::default();
        for job in group {
            let reason = if job.stray {
                "no scope of the task that entered it was around it"
            } else {
                "its scope or guard was dropped, with no scope around it"
            };
            if !job.only_waits {
                event::emit(&job.subject, EventKind::Rescued { reason });
            }
            failures.append(job.await);
        }
        pending.end(failures);
    });
}

/// The rescues of one runtime that have not ended, and who waits for them.
#[derive(Default)]
struct RuntimeLedger {
    rescues: HashMap<u64, Vec<Subject>>,
    /// The owners whose end nobody has asked for yet.
    owners: HashMap<u64, Weak<dyn Owned>>,
    drains: Vec<Arc<Drain>>,
}

impl RuntimeLedger {
    fn is_idle(&self) -> bool {
        self.rescues.is_empty() && self.owners.is_empty() && self.drains.is_empty()
    }
}

/// One call of [`drain`] under way.
#[derive(Default)]
struct Drain {
    seen: Mutex<Seen>,
    changed: Notify,
}

#[derive(Default)]
struct Seen {
    waited_for: Vec<Subject>,
    failures: Failures,
}

#[derive(Default)]
struct RuntimeLedgers {
    next: u64,
    of: HashMap<runtime::Id, RuntimeLedger>,
}

static LEDGERS: LazyLock<Mutex<RuntimeLedgers>> = LazyLock::new(Mutex::default);

fn ledgers() -> MutexGuard<'static, RuntimeLedgers> {
    LEDGERS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RuntimeLedgers {
    /// Keeps no record of runtimes with nothing going on, or the map would grow with every runtime there ever was.
    fn forget_if_idle(&mut self, runtime: runtime::Id) {
        if self.of.get(&runtime).is_some_and(RuntimeLedger::is_idle) {
            self.of.remove(&runtime);
        }
    }
}

/// What exits on this runtime without its scope, and has not ended, in the order in which that began.
#[cfg(feature = "signal")]
pub(crate) fn pending(runtime: runtime::Id) -> Vec<Subject> {
    let ledgers = ledgers();
    let Some(ledger) = ledgers.of.get(&runtime) else {
        return Vec::new();
    };
    let mut rescues: Vec<_> = ledger.rescues.iter().collect();
    rescues.sort_by_key(|(number, _)| **number);
    let subjects = rescues.into_iter().flat_map(|(_, subjects)| subjects);
    subjects.cloned().collect()
}

/// The entry of a rescue, or of an owner that ends, in its ledger; gone when that has ended or the runtime killed it.
struct PendingExit {
    runtime: runtime::Id,
    number: u64,
    failures: Failures,
}

impl PendingExit {
    fn begin(runtime: runtime::Id, subjects: Vec<Subject>) -> Self {
        let mut ledgers = ledgers();
        let number = ledgers.next;
        ledgers.next += 1;
        ledgers.of.entry(runtime).or_default().rescues.insert(number, subjects);
        PendingExit {
            runtime,
            number,
            failures: Failures::default(),
        }
    }

    fn end(mut self, failures: Failures) {
        self.failures.append(failures);
    }
}

/// Tells every drain that waits; the first of them carries the failures. With none they are reported. Wakers and the hook
/// are called without the lock.
impl Drop for PendingExit {
    fn drop(&mut self) {
        let mut ledgers = ledgers();
        let Some(ledger) = ledgers.of.get_mut(&self.runtime) else {
            return;
        };
        let subjects = ledger.rescues.remove(&self.number).unwrap_or_default();
        if let Some(first) = ledger.drains.first() {
            first.seen().failures.append(std::mem::take(&mut self.failures));
        }
        let drains = ledger.drains.clone();
        for drain in &drains {
            drain.seen().waited_for.extend(subjects.iter().cloned());
        }
        ledgers.forget_if_idle(self.runtime);
        drop(ledgers);
        for drain in drains {
            drain.changed.notify_one();
        }
    }
}

impl Drain {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
