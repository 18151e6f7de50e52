//! [`Farewell`]: what whoever closes an owner says: why what runs there is cut, and what the exit is told.

use std::panic::Location;

use crate::base::cause::Cause;
use crate::cancel::cancellation::{Cancellation, Kind};
use crate::resource::exit::{Exit, ForMembers, Reason};

#[derive(Clone)]
pub(super) struct Farewell {
    /// Told to what runs there, and to whoever comes later.
    pub(super) why: Cancellation,
    /// Told to the exit.
    pub(super) exit: ForMembers,
}

impl Farewell {
    /// By `close`, called there.
    pub(super) fn closed(place: &'static Location<'static>) -> Self {
        Farewell {
            why: Cancellation::closed(place),
            exit: ForMembers::because(Cause::Completed, None),
        }
    }

    /// By the last handle, which was dropped. As with any guard that is, nobody has said that all went well.
    pub(super) fn abandoned(place: &'static Location<'static>) -> Self {
        Farewell {
            why: Cancellation::new(Kind::HandlesGone, place),
            exit: ForMembers::because(Cause::Abandoned, None),
        }
    }

    /// By the exit of a scope around it: for the same cause, and within its time.
    pub(super) fn of_scope(exit: &Exit, place: &'static Location<'static>) -> Self {
        Farewell {
            why: Cancellation::closed(place),
            exit: exit.for_members().sooner(),
        }
    }

    /// What ran by then was cut, and has left the resource halfway: that is no success, whoever closed it.
    pub(super) fn halfway(self) -> Self {
        Farewell {
            exit: self.exit.cut_by(&self.why),
            ..self
        }
    }

    /// By itself: what it ran, or what it used, has failed.
    pub(super) fn failed(why: Cancellation) -> Self {
        Farewell {
            exit: ForMembers::because(why.cause(), Some(Reason::from(&why))),
            why,
        }
    }
}
