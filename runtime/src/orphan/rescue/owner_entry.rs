//! [`OwnerEntry`]: the entry of an owner in the ledger of its runtime: live until it is asked to end, and waited for from then on
//! (law 4).

use std::mem;
#[cfg(feature = "signal")]
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime;

use super::{PendingExit, ledgers};
use crate::base::entry::Subject;
use crate::event::failures::Failures;

/// An owner, whatever it owns.
pub(crate) trait Owned: Send + Sync {
    fn subject(&self) -> Subject;

    /// Asks it to end.
    #[cfg(feature = "signal")]
    fn close(&self, place: &'static Location<'static>);
}

pub(crate) struct OwnerEntry {
    runtime: runtime::Id,
    number: u64,
    stage: Mutex<Stage>,
}

enum Stage {
    Live,
    Ending(PendingExit),
    Over,
}

impl OwnerEntry {
    pub(crate) fn of(runtime: runtime::Id, owner: &Arc<dyn Owned>) -> Self {
        let mut ledgers = ledgers();
        let number = ledgers.next;
        ledgers.next += 1;
        let ledger = ledgers.of.entry(runtime).or_default();
        ledger.owners.insert(number, Arc::downgrade(owner));
        OwnerEntry {
            runtime,
            number,
            stage: Mutex::new(Stage::Live),
        }
    }

    /// Its end was asked for: from here on it is waited for.
    pub(crate) fn ask(&self, subject: &Subject) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*stage, Stage::Live) {
            // In this order: at no time is it in neither list.
            *stage = Stage::Ending(PendingExit::begin(self.runtime, vec![subject.clone()]));
            self.strike();
        }
    }

    /// It has ended.
    pub(crate) fn end(&self, failures: Failures) {
        let stage = {
            let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
            mem::replace(&mut *stage, Stage::Over)
        };
        match stage {
            Stage::Ending(pending) => pending.end(failures),
            // Nobody has asked it to end: the failures report themselves.
            Stage::Live => self.strike(),
            Stage::Over => {}
        }
    }

    fn strike(&self) {
        let mut ledgers = ledgers();
        let struck = ledgers
            .of
            .get_mut(&self.runtime)
            .and_then(|ledger| ledger.owners.remove(&self.number));
        ledgers.forget_if_idle(self.runtime);
        drop(ledgers);
        drop(struck);
    }
}

/// Those of this runtime that are live, in the order they were entered.
pub(super) fn live(runtime: runtime::Id) -> Vec<Subject> {
    let mut live = owners(runtime, 0);
    live.sort_by_key(|(number, _)| *number);
    live.iter().map(|(_, owner)| owner.subject()).collect()
}

/// Where the next owner stands.
#[cfg(feature = "signal")]
pub(crate) fn mark() -> u64 {
    ledgers().next
}

/// Asks those of this runtime to end that were entered since the mark, the latest first. Whether there were any.
#[cfg(feature = "signal")]
pub(crate) fn close_owners(runtime: runtime::Id, since: u64, place: &'static Location<'static>) -> bool {
    let mut owners = owners(runtime, since);
    owners.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    for (_, owner) in &owners {
        owner.close(place);
    }
    !owners.is_empty()
}

fn owners(runtime: runtime::Id, since: u64) -> Vec<(u64, Arc<dyn Owned>)> {
    let ledgers = ledgers();
    let Some(ledger) = ledgers.of.get(&runtime) else {
        return Vec::new();
    };
    let since = ledger.owners.iter().filter(|(number, _)| **number >= since);
    since
        .filter_map(|(number, owner)| Some((*number, owner.upgrade()?)))
        .collect()
}
