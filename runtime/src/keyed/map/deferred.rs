//! [`Deferred`]: what is decided under the lock of a map, and done without it: drops, wake-ups, requests to end.

/// Done, in this order, when it is dropped.
#[derive(Default)]
pub(super) struct Deferred(Vec<Box<dyn FnOnce() + Send>>);

impl Deferred {
    pub(super) fn then(&mut self, act: impl FnOnce() + Send + 'static) {
        self.0.push(Box::new(act));
    }

    /// Something that may have code of a user's in its destructor.
    pub(super) fn drop(&mut self, value: impl Send + 'static) {
        self.then(|| drop(value));
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|act| act());
    }
}
