//! [`Entry`]: the record of one entering, kept until the resource has exited, for errors and reports.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, OnceLock};

use crate::base::life::Life;
use crate::base::policy::{Name, Policy};

/// Under which policy, and where, a resource is entered.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) policy: Policy,
    pub(crate) place: &'static Location<'static>,
    /// Of a resource that is made of others.
    pub(crate) parts: Option<Arc<Parts>>,
}

/// The entries of the members of a resource whose own type has no room for them; there when it is entered.
#[derive(Debug, Default)]
pub(crate) struct Parts(OnceLock<Vec<Entry>>);

impl Parts {
    pub(crate) fn set(&self, entries: Vec<Entry>) {
        let set = self.0.set(entries);
        debug_assert!(set.is_ok(), "what is entered once is set once");
    }

    pub(crate) fn get(&self) -> Option<&[Entry]> {
        self.0.get().map(Vec::as_slice)
    }
}

impl Entry {
    #[inline]
    pub(crate) fn new(policy: Policy, place: &'static Location<'static>) -> Self {
        Entry {
            policy,
            place,
            parts: None,
        }
    }

    pub(crate) fn subject(&self) -> Subject {
        Subject::new(Name::from(&self.policy), self.place)
    }
}

/// Who an error or event is about: the resource's name, where it was entered, and which of those that were it is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) name: Name,
    pub(crate) place: &'static Location<'static>,
    /// Unknown of what began while nobody observed events.
    pub(crate) life: Option<Life>,
}

impl Subject {
    pub(crate) fn new(name: Name, place: &'static Location<'static>) -> Self {
        Subject {
            name,
            place,
            life: None,
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` at {}", self.name.as_str(), self.place)
    }
}
