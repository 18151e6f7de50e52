//! [`Kept`]: what was entered, from there until its exit begins. Whoever drops it without exiting abandons the exit (law 3).

use std::fmt;

use super::origin::Origin;
use crate::base::entry::Entry;

/// What was entered, and what its exit has to know. It asks for no more than the type: what is done with one that is dropped is
/// known where it is made.
pub struct Kept<T> {
    /// There until its exit begins.
    entered: Option<(T, Origin)>,
    abandon: fn(T, Origin),
}

impl<T> Kept<T> {
    /// From here on it will be exited, or its loss reported (law 5).
    #[inline]
    pub(crate) fn new(it: T, origin: Origin, abandon: fn(T, Origin)) -> Self {
        let entered = Some((it, origin));
        Kept { entered, abandon }
    }

    fn entered(&self) -> &(T, Origin) {
        match &self.entered {
            Some(entered) => entered,
            None => gone(),
        }
    }

    fn entered_mut(&mut self) -> &mut (T, Origin) {
        match &mut self.entered {
            Some(entered) => entered,
            None => gone(),
        }
    }

    pub(crate) fn it(&self) -> &T {
        &self.entered().0
    }

    pub(crate) fn it_mut(&mut self) -> &mut T {
        &mut self.entered_mut().0
    }

    pub(crate) fn entry(&self) -> &Entry {
        &self.entered().1.entry
    }

    pub(crate) fn entry_mut(&mut self) -> &mut Entry {
        &mut self.entered_mut().1.entry
    }

    /// For its exit, or for somebody else to keep.
    #[inline]
    pub(crate) fn take(mut self) -> (T, Origin) {
        match self.entered.take() {
            Some(entered) => entered,
            None => gone(),
        }
    }
}

#[cold]
fn gone() -> ! {
    unreachable!("what is kept is there until it is taken")
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        if let Some((it, origin)) = self.entered.take() {
            (self.abandon)(it, origin);
        }
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("entry", self.entry())
            .finish_non_exhaustive()
    }
}
