//! [`Cause`]: why a resource exits; [`Phase`]: which part of its life something is about.

use std::fmt;

/// Why a resource exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The body returned a success.
    Completed,
    /// The body returned an error.
    Failed,
    /// The body panicked.
    Panicked,
    /// A cancel scope around it was cancelled, or its owner was closed while a closure was under way there.
    Cancelled,
    /// A deadline around it passed.
    TimedOut,
    /// Its scope or guard was dropped without an exit ([law 3]).
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    Abandoned,
    /// Another member of what it was entered with failed to enter ([law 19]).
    ///
    /// [law 19]: crate::guide::guarantees#law-19
    RolledBack,
}

impl Cause {
    /// Whether the body succeeded.
    #[must_use]
    #[inline]
    pub fn is_clean(self) -> bool {
        self == Cause::Completed
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Completed => "completed",
            Cause::Failed => "failed",
            Cause::Panicked => "panicked",
            Cause::Cancelled => "cancelled",
            Cause::TimedOut => "timed out",
            Cause::Abandoned => "abandoned",
            Cause::RolledBack => "rolled back",
        })
    }
}

/// Which part of a resource's life an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// While entering: the resource does not exist.
    Enter,
    /// While the body ran: it was cancelled, perhaps because the resource failed, and the resource has exited.
    Body,
    /// While exiting: the resource is gone.
    Exit,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Enter => "enter",
            Phase::Body => "body",
            Phase::Exit => "exit",
        })
    }
}
