//! [`Keep`]: who keeps a handle of an owner from before its task begins, and is told when the resource has entered, and when the
//! owner is gone, entered or not.

use super::Owner;
use super::ended::Ended;
use crate::error::Error;

/// Given a handle before the task begins, says what is to be told.
pub(crate) type Keep<R> = Box<dyn FnOnce(&Owner<R>) -> Keeper + Send>;

/// Told by the task of the owner, without a lock.
pub(crate) struct Keeper {
    /// That the resource is there. Nobody has used it by now.
    pub(crate) entered: Box<dyn FnOnce() + Send>,
    /// That the owner is gone; before anybody else is told, and in any case.
    pub(crate) gone: TellGone,
}

pub(crate) type TellGone = Box<dyn FnOnce(&Gone) -> Heard + Send>;

/// What a keeper has to say to the end.
pub(crate) struct Heard {
    /// Whether it tells of the failures, if there are any.
    pub(crate) tells: bool,
    /// Dropped when everybody is told: what is to come after that.
    pub(crate) then: Option<Box<dyn Send>>,
}

impl Heard {
    pub(crate) const NOTHING: Heard = Heard {
        tells: false,
        then: None,
    };
}

/// An owner that is gone.
#[derive(Clone, Debug)]
pub(crate) struct Gone(pub(super) Ended);

impl Gone {
    pub(crate) fn is_clean(&self) -> bool {
        self.0.is_clean()
    }

    /// What it was closed with.
    pub(crate) fn tell(&self) -> Result<(), Error> {
        self.0.tell()
    }

    /// What nobody was told of.
    pub(crate) fn untold(&self) -> Option<Error> {
        self.0.untold()
    }

    /// If it ended unasked, and nobody who holds it was told of that: of what, with what failed in its exit.
    pub(crate) fn death(&self) -> Option<Error> {
        self.0.news_of_death()
    }
}
