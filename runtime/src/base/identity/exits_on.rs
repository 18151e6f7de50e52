//! Checks are on: which exit runs here, so that a part that is told that all went well, in the exit of a whole that is not, is
//! noticed.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::checks::Identity;

/// In which exit something was entered; none outside of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Within(Option<u64>);

impl Within {
    pub(crate) fn here() -> Self {
        Within(Around::here().map(|exit| exit.number))
    }

    /// Whether an exit runs here that is not clean, and this was entered before it: it is a part of what exits.
    pub(crate) fn is_part_of_unclean(self) -> bool {
        Around::here().is_some_and(|exit| !exit.is_clean && self != Within(Some(exit.number)))
    }
}

/// An exit, for those that are inside of it.
pub(crate) struct RunningExit {
    /// From its first poll on.
    number: Option<u64>,
    is_clean: bool,
}

#[derive(Clone, Copy)]
struct Around {
    number: u64,
    is_clean: bool,
    /// A `LocalSet` inside of the exit polls tasks that are no matter of it.
    poller: Identity,
}

thread_local! {
    static AROUND: Cell<Option<Around>> = const { Cell::new(None) };
}

impl Around {
    fn here() -> Option<Self> {
        AROUND.get().filter(|exit| exit.poller == Identity::real())
    }
}

impl RunningExit {
    pub(crate) fn new(is_clean: bool) -> Self {
        RunningExit { number: None, is_clean }
    }

    /// Runs it inside.
    pub(crate) fn hold<T>(&mut self, run: impl FnOnce() -> T) -> T {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = || NEXT.fetch_add(1, Ordering::Relaxed);
        let around = Around {
            number: *self.number.get_or_insert_with(next),
            is_clean: self.is_clean,
            poller: Identity::real(),
        };
        let _restore = RestoreAround(AROUND.replace(Some(around)));
        run()
    }
}

struct RestoreAround(Option<Around>);

impl Drop for RestoreAround {
    fn drop(&mut self) {
        AROUND.set(self.0);
    }
}
