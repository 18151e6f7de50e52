//! [`RegionEnd`]: how the body of a cancel scope ended, with what it gave.

use crate::base::panic::Panic;
use crate::cancel::cancellation::Cancellation;

pub(crate) enum RegionEnd<T> {
    Done(T),
    Panicked(Panic),
    /// It was cancelled, and was dropped.
    Stopped(Cancellation),
}
