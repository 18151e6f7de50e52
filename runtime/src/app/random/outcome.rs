//! [`Span`] and [`Failed`]: what happens to a member, and when.

use super::run::{How, WHOLE};
use crate::{ErrorKind, Phase};

/// Later than everything.
pub(super) const NEVER: u64 = 1 << 40;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) begun: u64,
    pub(super) ended: u64,
    pub(super) how: How,
}

/// A failure that somebody is told of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Failed {
    pub(super) at: u64,
    pub(super) name: &'static str,
    pub(super) phase: Phase,
    pub(super) kind: ErrorKind,
}

impl Failed {
    pub(super) fn of_whole(at: u64, phase: Phase, kind: ErrorKind) -> Self {
        let name = WHOLE;
        Failed { at, name, phase, kind }
    }

    pub(super) fn is_cancellation(&self) -> bool {
        matches!(self.kind, ErrorKind::Cancelled | ErrorKind::DeadlinePassed)
    }

    pub(super) fn is_panic(&self) -> bool {
        self.kind == ErrorKind::Panicked
    }
}
