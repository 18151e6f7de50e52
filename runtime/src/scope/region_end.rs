//! [`RegionEnd`]: how a piece of user code ended, with what it gave.

use crate::base::panic::Panic;

/// How a piece of user code ended.
pub(crate) enum RegionEnd<T, S> {
    Done(T),
    Panicked(Panic),
    /// Its limit asked it to stop, and it was dropped.
    Stopped(S),
}
