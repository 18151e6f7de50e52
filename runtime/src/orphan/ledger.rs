//! The ledger of each runtime (law 4): what exits there without its scope, which owners live there, and which drains wait.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::ops::Range;
#[cfg(feature = "signal")]
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};

use tokio::runtime;
use tokio::sync::Notify;

use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::event::failures::Failures;

/// An owner, whatever it owns.
pub(crate) trait Owned: Send + Sync {
    fn subject(&self) -> Subject;

    /// Asks it to end.
    #[cfg(feature = "signal")]
    fn close(&self, place: &'static Location<'static>);
}

/// What is there stands under its number, so in the order in which it began.
#[derive(Default)]
pub(super) struct Ledger {
    /// Rescues, and owners whose end was asked for; of one that has nothing to tell only that it is there.
    pub(super) exits: BTreeMap<u64, Option<Subject>>,
    /// The owners whose end nobody has asked for yet.
    pub(super) owners: BTreeMap<u64, Weak<dyn Owned>>,
    pub(super) drains: Vec<Arc<Drain>>,
}

/// One call of [`drain`](super::drain::drain) under way.
#[derive(Default)]
pub(super) struct Drain {
    pub(super) seen: Lock<DrainSeen>,
    pub(super) changed: Notify,
}

#[derive(Default)]
pub(super) struct DrainSeen {
    pub(super) waited_for: Vec<Subject>,
    pub(super) failures: Failures,
}

static LEDGERS: LazyLock<Lock<HashMap<runtime::Id, Ledger>>> = LazyLock::new(Lock::default);

static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// Where the next entry of any ledger stands.
#[cfg(feature = "signal")]
pub(crate) fn mark() -> u64 {
    NUMBERS.load(Ordering::Relaxed)
}

pub(super) fn number() -> u64 {
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

/// Does this with the ledger of a runtime, under its lock. What is dropped or woken then is given back. There is no ledger of a runtime
/// with nothing going on, or there would be one of every runtime that there ever was.
pub(super) fn with<T>(runtime: runtime::Id, act: impl FnOnce(&mut Ledger) -> T) -> T {
    let mut ledgers = LEDGERS.lock();
    let ledger = ledgers.entry(runtime).or_default();
    let done = act(ledger);
    if ledger.exits.is_empty() && ledger.owners.is_empty() && ledger.drains.is_empty() {
        ledgers.remove(&runtime);
    }
    done
}

/// What exits on this runtime without its scope, and has not ended, in the order in which that began.
#[cfg(feature = "signal")]
pub(crate) fn pending(runtime: runtime::Id) -> Vec<Subject> {
    with(runtime, |ledger| ledger.exits.values().flatten().cloned().collect())
}

/// The entry of a rescue, or of an owner that ends, in the ledger; gone when that has ended or the runtime killed it.
pub(super) struct PendingExit {
    runtime: runtime::Id,
    numbers: Range<u64>,
    failures: Failures,
}

impl PendingExit {
    pub(super) fn begin(runtime: runtime::Id, subjects: impl ExactSizeIterator<Item = Option<Subject>>) -> Self {
        let count = subjects.len() as u64;
        let first = NUMBERS.fetch_add(count, Ordering::Relaxed);
        with(runtime, |ledger| ledger.exits.extend((first..).zip(subjects)));
        PendingExit { runtime, numbers: first..first + count, failures: Failures::default() }
    }

    pub(super) fn end(mut self, failures: Failures) {
        self.failures.append(failures);
    }
}

/// Tells every drain that waits; the first of them carries the failures. With none they are reported. Wakers and observers
/// are called without the lock.
impl Drop for PendingExit {
    fn drop(&mut self) {
        let drains = with(self.runtime, |ledger| {
            for number in self.numbers.clone() {
                let Some(Some(subject)) = ledger.exits.remove(&number) else {
                    continue;
                };
                for drain in &ledger.drains {
                    drain.seen.lock().waited_for.push(subject.clone());
                }
            }
            if let Some(first) = ledger.drains.first() {
                first.seen.lock().failures.append(mem::take(&mut self.failures));
            }
            ledger.drains.clone()
        });
        for drain in drains {
            drain.changed.notify_one();
        }
    }
}
