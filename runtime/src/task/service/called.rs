//! [`entering`]: what a service is called where it is entered, and its budgets there, for its task, which is spawned by a future
//! that does not know.

use std::cell::RefCell;

use crate::base::entry::Entry;

thread_local! {
    static CALLED: RefCell<Option<Entry>> = const { RefCell::new(None) };
}

/// Runs this as a poll of the enter of a service with this entry.
pub(super) fn entering(entry: &Entry, poll: &mut dyn FnMut()) {
    struct Restore(Option<Entry>);
    impl Drop for Restore {
        fn drop(&mut self) {
            swap(self.0.take());
        }
    }
    let _restore = Restore(swap(Some(entry.clone())));
    poll();
}

/// With which entry the service is entered that begins here.
pub(super) fn here() -> Option<Entry> {
    CALLED.with(|called| called.borrow().clone())
}

fn swap(entry: Option<Entry>) -> Option<Entry> {
    CALLED.with(|called| called.replace(entry))
}
