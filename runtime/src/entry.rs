//! [`Entry`]: the record of one entering, kept until the resource has exited, for errors and reports.

use std::fmt;
use std::panic::Location;

use crate::policy::{Name, Policy};

/// Under which policy, and where, a resource is entered.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) policy: Policy,
    pub(crate) place: &'static Location<'static>,
}

impl Entry {
    pub(crate) fn subject(&self) -> Subject {
        Subject {
            name: Name::from(&self.policy),
            place: self.place,
        }
    }
}

/// Who an error or report is about: the resource's name and where it was entered.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) name: Name,
    pub(crate) place: &'static Location<'static>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` at {}", self.name.as_str(), self.place)
    }
}
