//! [`Subject`]: who an error or an event is about.

use std::fmt;
use std::panic::Location;

use super::life::Life;
use super::policy::Name;

/// The resource's name, where it was entered, and which of those that were it is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) name: Name,
    pub(crate) place: &'static Location<'static>,
    /// Unknown of what began while nobody observed events.
    pub(crate) life: Option<Life>,
}

impl Subject {
    pub(crate) fn new(name: Name, place: &'static Location<'static>) -> Self {
        Subject { name, place, life: None }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` at {}", self.name.as_str(), self.place)
    }
}
