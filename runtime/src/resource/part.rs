//! A part: what a resource holds itself, and exits in its own exit. It is to be told what the whole was; that one is told instead
//! that all went well is reported, in builds with checks.

use crate::base::entry::Subject;
use crate::base::identity::Within;
use crate::event::{self, EventKind};

/// A guard.
pub(crate) const EXIT: &str = "`exit()` says that all went well\n\
    help: `exit_as(exit)` hands on what the whole was told; `exit_with(Ok(..))` means it";

/// What is closed by a call.
pub(crate) const CLOSE: &str = "`close()` says that all went well\n\
    help: `close_as(exit)` hands on what the whole was told";

/// What is finished by a call.
#[cfg(feature = "tasks")]
pub(crate) const FINISH: &str = "`finish()` says that all went well\n\
    help: `close_as(exit)` hands on what the whole was told";

/// It is about to be told that all went well.
#[inline]
pub(crate) fn told_completed(within: Within, subject: impl FnOnce() -> Subject, reason: &'static str) {
    if within.is_part_of_unclean() {
        let subject = subject();
        event::emit(&subject, EventKind::CauseLost { reason });
    }
}
