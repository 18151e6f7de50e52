//! Checks are off: nothing is stored, nothing is compared.

use std::panic::Location;

use crate::entry::Entry;

pub(super) const ENABLED: bool = false;

pub(crate) struct Checkpoint;

impl Checkpoint {
    #[inline(always)]
    pub(crate) fn at_first_poll(_: &Entry) -> Self {
        Checkpoint
    }

    #[inline(always)]
    pub(crate) fn here(_: &Entry) -> Self {
        Checkpoint
    }

    #[inline(always)]
    pub(crate) fn open() -> Self {
        Checkpoint
    }

    #[inline(always)]
    pub(crate) fn exited_at(self, _: &'static Location<'static>) -> Self {
        self
    }

    #[inline(always)]
    pub(crate) fn pass(&mut self, _: &'static Location<'static>) {}

    #[inline(always)]
    pub(crate) fn is_here(&self) -> bool {
        true
    }
}

#[derive(Default)]
pub(crate) struct Anchor;

impl Anchor {
    #[inline(always)]
    pub(crate) fn hold<T>(&mut self, run: impl FnOnce() -> T) -> T {
        run()
    }
}
