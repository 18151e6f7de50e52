//! [`close`]: the end of a map: all members exit, side by side, and each exit of the map tells what failed.

use std::mem;

use super::registry::{MapKey, MapStage, Registry};
use crate::error::{BoxError, Error};
use crate::event;
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::task::owner::{Owner, OwnerEnd};

pub(super) async fn close<K: MapKey, R: ScopedResource>(
    registry: &Registry<K, R>,
    exit: &Exit,
) -> Result<(), BoxError> {
    let closing = Closing::begin(registry);
    let owners = registry.close();
    for owner in &owners {
        owner.ask_for(exit);
    }
    if let Some(own) = owners.into_iter().find(Owner::is_here) {
        return own.exit(exit).await; // it would wait for itself, and says so
    }
    closing.emptied().await;
    let failed = closing.failed();
    Ok(Error::first_of(failed.iter().filter_map(|end| end.tell().err()))?)
}

/// A member has ended: whether an exit of the map tells of that, or it is reported.
pub(super) fn is_told<K, R>(registry: &Registry<K, R>, end: &OwnerEnd) -> bool {
    let is_kept = registry.locked(|state, _| match &mut state.stage {
        MapStage::Closing { failed, .. } => {
            failed.extend((!end.is_clean()).then(|| end.clone()));
            true
        }
        MapStage::Open | MapStage::Closed => false,
    });
    is_kept || report_death(end)
}

/// Whether it died by itself, which is reported.
fn report_death(end: &OwnerEnd) -> bool {
    let death = end.untold_death();
    if let Some(death) = &death {
        event::unreturned(death);
    }
    death.is_some()
}

/// An exit of a map, or of a clone of it, as long as somebody waits for it.
struct Closing<'a, K, R>(&'a Registry<K, R>);

impl<'a, K, R> Closing<'a, K, R> {
    /// Nobody is let in any more.
    fn begin(registry: &'a Registry<K, R>) -> Self {
        registry.locked(|state, _| match &mut state.stage {
            MapStage::Closing { exits, .. } => *exits += 1,
            stage => {
                *stage = MapStage::Closing { exits: 1, failed: Vec::new() };
            }
        });
        Closing(registry)
    }

    /// When no member is left.
    async fn emptied(&self) {
        loop {
            // In this order: it hears of what comes after this.
            let emptied = self.0.emptied.notified();
            if self.0.locked(|state, _| state.members == 0) {
                return;
            }
            emptied.await;
        }
    }

    /// For each exit the same.
    fn failed(&self) -> Vec<OwnerEnd> {
        self.0.locked(|state, _| match &state.stage {
            MapStage::Closing { failed, .. } => failed.clone(),
            MapStage::Open | MapStage::Closed => Vec::new(),
        })
    }
}

/// Dropped before it is over, what it has not told of is reported, if it was the last.
impl<K, R> Drop for Closing<'_, K, R> {
    fn drop(&mut self) {
        let left = self.0.locked(|state, _| match &mut state.stage {
            MapStage::Closing { exits: 1, failed } => {
                let failed = mem::take(failed);
                state.stage = MapStage::Closed;
                failed
            }
            MapStage::Closing { exits, .. } => {
                *exits -= 1;
                Vec::new()
            }
            MapStage::Open | MapStage::Closed => Vec::new(),
        });
        for error in left.iter().filter_map(OwnerEnd::untold) {
            event::unreturned(&error);
        }
    }
}
