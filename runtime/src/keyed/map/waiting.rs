//! [`look`]: looks for a place in a map until there is one, or never will be. Each that waits has its turn.

use std::panic::Location;
use std::pin::pin;

use super::registry::{Key, Look, OnTaken, Registry};
use crate::resource::ScopedResource;

/// Gives no [`Look::Wait`]; and what it was counted by while it waited, to be dropped when what was found is safe.
pub(super) async fn look<'a, K: Key, R: ScopedResource>(
    registry: &'a Registry<K, R>,
    key: K,
    on_taken: OnTaken,
    place: &'static Location<'static>,
) -> (Look<R>, Option<Waiting<'a, K, R>>) {
    let waiters = match registry.look(&key, on_taken, false, place) {
        Look::Wait(waiters) => waiters,
        look => return (look, None),
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
            Look::Wait(_) => notified.await,
            look => return (look, Some(waiting)),
        }
    }
}

/// One that waits, as it is counted.
pub(super) struct Waiting<'a, K: Key, R: ScopedResource> {
    registry: &'a Registry<K, R>,
    key: K,
    on_taken: OnTaken,
}

impl<K: Key, R: ScopedResource> Drop for Waiting<'_, K, R> {
    fn drop(&mut self) {
        self.registry.leave(&self.key, self.on_taken);
    }
}
