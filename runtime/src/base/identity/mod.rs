//! Task identity: the check that the task that exits is the task that entered (laws 8–10).
//!
//! This is the only file that reads `debug_assertions`. With checks off, everything here has size zero and does
//! nothing, so that the rest of the crate needs no second version of itself.

#[cfg(not(any(debug_assertions, feature = "checks")))]
#[path = "off.rs"]
mod checks;
#[cfg(any(debug_assertions, feature = "checks"))]
#[path = "on.rs"]
mod checks;
#[cfg(not(any(debug_assertions, feature = "checks")))]
#[path = "exits_off.rs"]
mod exits;
#[cfg(any(debug_assertions, feature = "checks"))]
#[path = "exits_on.rs"]
mod exits;

pub(crate) use checks::{Anchor, Checkpoint};
pub(crate) use exits::{RunningExit, Within};

/// Whether entering and exiting are checked to happen in the same task ([laws 8][law 8]–[10][law 10]).
///
/// True in builds with debug assertions and with the feature `checks`.
///
/// [law 8]: crate::guide::guarantees#law-8
/// [law 10]: crate::guide::guarantees#law-10
#[must_use]
pub const fn checks_enabled() -> bool {
    checks::ENABLED
}
