//! [`ErrorKind`]: what happened.

use crate::cancel::cancellation::Cancellation;

/// What happened to the resource an [`Error`](crate::Error) names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Its enter or exit returned an error; or it is a service, and failed while it was used ([law 21]).
    ///
    /// [law 21]: crate::guide::guarantees#law-21
    Failed,
    /// Its enter or exit panicked.
    Panicked,
    /// Its own enter or exit took longer than its budget.
    TimedOut,
    /// A cancel scope around it was cancelled ([law 14], [law 15]).
    ///
    /// [law 14]: crate::guide::guarantees#law-14
    /// [law 15]: crate::guide::guarantees#law-15
    Cancelled,
    /// The deadline of a cancel scope around it passed, or the budget of an enter or exit around it ran out.
    DeadlinePassed,
    /// It has a budget that cannot be kept here, since no timer works.
    NoTimer,
    /// It was dropped before it had ended, because nothing waited for it any more.
    Interrupted,
    /// Its exit could not be run ([laws 3][law 3] and [4][law 4]).
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    /// [law 4]: crate::guide::guarantees#law-4
    Lost,
    /// It was to be used, and had been closed by then, or had failed; or that happened to what it was to be entered in.
    Closed,
    /// It would have waited for itself, and did not.
    Deadlock,
}

impl ErrorKind {
    /// That of what a cancelled scope returns.
    pub(crate) fn of(cancellation: &Cancellation) -> Self {
        if cancellation.is_timeout() {
            ErrorKind::DeadlinePassed
        } else {
            ErrorKind::Cancelled
        }
    }
}
