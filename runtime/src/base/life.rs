//! [`Life`]: which of all that lives in this process something is. It has a number only while events are observed.

use std::fmt;
use std::num::NonZeroU64;

/// The number of something that lives: a resource, a cancel scope. It is never used again in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(NonZeroU64);

impl Id {
    /// As a number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who lives, and inside of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) id: Id,
    pub(crate) parent: Option<Id>,
}
