//! [`OwnerEntry`]: the entry of an owner in the ledger of its runtime: live until it is asked to end, and waited for from then on
//! (law 4).

#[cfg(feature = "signal")]
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::{iter, mem};

use tokio::runtime;

use super::ledger::{self, Owned, PendingExit};
use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::event::failures::Failures;

pub(crate) struct OwnerEntry {
    runtime: runtime::Id,
    number: u64,
    stage: Lock<EntryStage>,
}

enum EntryStage {
    Live,
    Ending(PendingExit),
    Over,
}

impl OwnerEntry {
    pub(crate) fn of(runtime: runtime::Id, owner: &Arc<dyn Owned>) -> Self {
        let number = ledger::number();
        ledger::with(runtime, |ledger| ledger.owners.insert(number, Arc::downgrade(owner)));
        OwnerEntry { runtime, number, stage: Lock::new(EntryStage::Live) }
    }

    /// It is to end when its calls have: from here on it is waited for, and a run that ends may still close it.
    pub(crate) fn finish(&self, subject: &Subject) {
        let mut stage = self.stage.lock();
        if matches!(*stage, EntryStage::Live) {
            *stage = EntryStage::Ending(PendingExit::begin(self.runtime, iter::once(Some(subject.clone()))));
        }
    }

    /// Its end was asked for: from here on it is waited for.
    pub(crate) fn ask(&self, subject: &Subject) {
        // In this order: at no time is it in neither list.
        self.finish(subject);
        drop(self.strike());
    }

    /// It has ended.
    pub(crate) fn end(&self, failures: Failures) {
        let stage = mem::replace(&mut *self.stage.lock(), EntryStage::Over);
        drop(self.strike());
        // If nobody has asked it to end, the failures report themselves.
        if let EntryStage::Ending(pending) = stage {
            pending.end(failures);
        }
    }

    fn strike(&self) -> Option<Weak<dyn Owned>> {
        ledger::with(self.runtime, |ledger| ledger.owners.remove(&self.number))
    }
}

/// Those of this runtime that are live and were entered since the [mark](ledger::mark), in that order.
fn owners(runtime: runtime::Id, since: u64) -> Vec<Arc<dyn Owned>> {
    ledger::with(runtime, |ledger| {
        let owners = ledger.owners.range(since..);
        owners.filter_map(|(_, owner)| owner.upgrade()).collect()
    })
}

/// All of this runtime that are live.
pub(super) fn live(runtime: runtime::Id) -> Vec<Subject> {
    owners(runtime, 0).iter().map(|owner| owner.subject()).collect()
}

/// Asks those of this runtime to end that were entered since the mark, the latest first. Whether there were any.
#[cfg(feature = "signal")]
pub(crate) fn close_owners(runtime: runtime::Id, since: u64, place: &'static Location<'static>) -> bool {
    let owners = owners(runtime, since);
    for owner in owners.iter().rev() {
        owner.close(place);
    }
    !owners.is_empty()
}
