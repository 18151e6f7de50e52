//! The ledger of the runtimes (law 4): what exits there without its scope, which owners live there, and which drains wait.

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

/// The ledgers of all runtimes in one. What is there stands under its number, so in the order in which it began.
#[derive(Default)]
pub(super) struct Ledger {
    /// Rescues, and owners whose end was asked for; of one that has nothing to tell only that it is there.
    exits: HashMap<u64, (runtime::Id, Option<Subject>)>,
    /// The owners whose end nobody has asked for yet.
    pub(super) owners: BTreeMap<u64, (runtime::Id, Weak<dyn Owned>)>,
    pub(super) drains: Vec<(runtime::Id, Arc<Drain>)>,
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

static LEDGER: LazyLock<Lock<Ledger>> = LazyLock::new(Lock::default);

static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// Where the next entry of any ledger stands.
#[cfg(feature = "signal")]
pub(crate) fn mark() -> u64 {
    NUMBERS.load(Ordering::Relaxed)
}

pub(super) fn number() -> u64 {
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

/// Does this with the ledger, under its lock. What is dropped or woken then is given back.
pub(super) fn with<T>(act: impl FnOnce(&mut Ledger) -> T) -> T {
    act(&mut LEDGER.lock())
}

/// What exits on this runtime without its scope, and has not ended, in the order in which that began.
#[cfg(feature = "signal")]
pub(crate) fn pending(runtime: runtime::Id) -> Vec<Subject> {
    let mut pending = with(|ledger| ledger.exits.clone().into_iter().collect::<Vec<_>>());
    pending.sort_unstable_by_key(|(number, _)| *number);
    let pending = pending.into_iter().filter(|(_, (of, _))| *of == runtime);
    pending.filter_map(|(_, (_, subject))| subject).collect()
}

impl Ledger {
    /// Whether anything exits on this runtime without its scope.
    pub(super) fn is_any_pending(&self, runtime: runtime::Id) -> bool {
        self.exits.values().any(|(of, _)| *of == runtime)
    }
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
        let exits = (first..).zip(subjects.map(|subject| (runtime, subject)));
        with(|ledger| ledger.exits.extend(exits));
        PendingExit {
            runtime,
            numbers: first..first + count,
            failures: Failures::default(),
        }
    }

    pub(super) fn end(mut self, failures: Failures) {
        self.failures.append(failures);
    }
}

/// Tells every drain that waits; the first of them carries the failures. With none they are reported. Wakers and observers
/// are called without the lock.
impl Drop for PendingExit {
    fn drop(&mut self) {
        let drains = with(|ledger| {
            let ended = self
                .numbers
                .clone()
                .filter_map(|number| ledger.exits.remove(&number)?.1);
            let subjects: Vec<_> = ended.collect();
            let drains = ledger.drains.iter().filter(|(of, _)| *of == self.runtime);
            let drains: Vec<_> = drains.map(|(_, drain)| Arc::clone(drain)).collect();
            if let Some(first) = drains.first() {
                first.seen.lock().failures.append(mem::take(&mut self.failures));
            }
            for drain in &drains {
                drain.seen.lock().waited_for.extend(subjects.iter().cloned());
            }
            drains
        });
        for drain in drains {
            drain.changed.notify_one();
        }
    }
}
