//! [`entering`]: how something is entered, for the code of its enter: a future that is made before a caller gives it another name or
//! other budgets, and has to pass them on to what lives elsewhere.

use std::cell::RefCell;

use super::entry::Entry;

thread_local! {
    static CALLED: RefCell<Option<Entry>> = const { RefCell::new(None) };
}

/// Runs this as a poll of the enter with this entry.
#[cold]
pub(crate) fn entering(entry: &Entry, poll: &mut dyn FnMut()) {
    struct Restore(Option<Entry>);
    impl Drop for Restore {
        fn drop(&mut self) {
            swap(self.0.take());
        }
    }
    let _restore = Restore(swap(Some(entry.clone())));
    poll();
}

/// With which entry it is entered whose code asks here; only where its entry [says](Entry::told) that it asks.
pub(crate) fn here() -> Option<Entry> {
    CALLED.with(|called| called.borrow().clone())
}

fn swap(entry: Option<Entry>) -> Option<Entry> {
    CALLED.with(|called| called.replace(entry))
}
