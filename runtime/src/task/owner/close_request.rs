//! [`CloseRequest`]: what is said by whoever closes an owner: why the call that runs there is cut, and what the exit is told.

use std::panic::Location;

use crate::base::cause::Cause;
use crate::cancel::cancellation::{CancelKind, Cancellation};
use crate::cancel::current;
use crate::resource::exit::{Exit, ForMembers, Reason};

#[derive(Clone)]
pub(super) struct CloseRequest {
    /// Told to the call that runs, and to later callers.
    pub(super) why: Cancellation,
    /// Told to the exit.
    pub(super) exit: ForMembers,
    /// The calls that have come by then are run first.
    pub(super) runs_calls_first: bool,
}

impl CloseRequest {
    fn new(why: Cancellation, exit: ForMembers) -> Self {
        CloseRequest { why, exit, runs_calls_first: false }
    }

    /// By `close`, called there.
    pub(super) fn closed(place: &'static Location<'static>) -> Self {
        CloseRequest::new(Cancellation::closed(place), ForMembers::because(Cause::Completed, None))
    }

    /// By `finish`, called there.
    pub(super) fn finished(place: &'static Location<'static>) -> Self {
        CloseRequest { runs_calls_first: true, ..CloseRequest::closed(place) }
    }

    /// By the drop of the last handle. As with any guard that is dropped, nobody has said that all went well.
    pub(super) fn abandoned(place: &'static Location<'static>) -> Self {
        let why = Cancellation::new(CancelKind::HandlesGone, place);
        CloseRequest::new(why, ForMembers::because(Cause::Abandoned, None))
    }

    /// By the drop of the caller that waits for the enter: its cancellation is told to the exit, if there will be one (law 17).
    pub(super) fn of_caller(place: &'static Location<'static>) -> Self {
        let CloseRequest { why, exit, .. } = CloseRequest::abandoned(place);
        let told = current::cancellation().map(|why| CloseRequest::failed(why).exit);
        CloseRequest::new(why, told.unwrap_or(exit))
    }

    /// By the exit of a scope around it: for the same cause, and within its time.
    pub(super) fn of_scope(exit: &Exit, place: &'static Location<'static>) -> Self {
        CloseRequest::new(Cancellation::closed(place), exit.for_members().sooner())
    }

    /// The call that ran was cut, and has left the resource halfway: that is no success, whoever closed it.
    pub(super) fn halfway(self) -> Self {
        CloseRequest { exit: self.exit.cut_by(&self.why), ..self }
    }

    /// By itself: a call, or what the resource uses, has failed.
    pub(super) fn failed(why: Cancellation) -> Self {
        let exit = ForMembers::because(why.cause(), Some(Reason::from(&why)));
        CloseRequest::new(why, exit)
    }
}
