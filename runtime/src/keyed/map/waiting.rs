//! [`reserved`]: waits for a key, or for the member that has it. Each that waits has its turn.

use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;

use super::error::Refusal;
use super::registry::{Key, Look, OnTaken, Registry};
use super::reservation::Reservation;
use crate::resource::ScopedResource;
use crate::task::owner::Owner;

/// What was waited for.
pub(super) enum Grant<K: Key, R: ScopedResource> {
    Key(Reservation<K, R>),
    /// For one that is content with it.
    Member(Owner<R>),
}

pub(super) async fn reserved<K: Key, R: ScopedResource>(
    registry: &Arc<Registry<K, R>>,
    key: K,
    on_taken: OnTaken,
    place: &'static Location<'static>,
) -> Result<Grant<K, R>, Refusal> {
    let its = key.clone(); // what may panic, first
    let reserved = |number| Grant::Key(Reservation::new(registry, its, number));
    let waiters = match registry.look(&key, on_taken, false, place) {
        Look::Wait(waiters) => waiters,
        look => return found(look, reserved),
    };
    let waiting = Waiting {
        registry,
        key,
        on_taken,
    };
    loop {
        // In this order: it hears of what comes after the look.
        let mut notified = pin!(waiters.of(on_taken).notified());
        notified.as_mut().enable();
        match registry.look(&waiting.key, on_taken, true, place) {
            Look::Wait(_) => {}
            look => return found(look, reserved),
        }
        notified.await;
    }
}

fn found<K: Key, R: ScopedResource>(
    look: Look<R>,
    reserved: impl FnOnce(u64) -> Grant<K, R>,
) -> Result<Grant<K, R>, Refusal> {
    match look {
        Look::Reserved(number) => Ok(reserved(number)),
        Look::There(owner) => Ok(Grant::Member(owner)),
        Look::Taken => Err(Refusal::Taken),
        Look::Own => Err(Refusal::Own),
        Look::Closed | Look::Wait(_) => Err(Refusal::Closed),
    }
}

/// One that waits, as it is counted.
struct Waiting<'a, K: Key, R: ScopedResource> {
    registry: &'a Registry<K, R>,
    key: K,
    on_taken: OnTaken,
}

impl<K: Key, R: ScopedResource> Drop for Waiting<'_, K, R> {
    fn drop(&mut self) {
        self.registry.leave(&self.key, self.on_taken);
    }
}
