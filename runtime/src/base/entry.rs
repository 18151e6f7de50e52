//! [`Entry`]: the record of one entering, kept until the resource has exited, for errors and reports.

use std::panic::Location;
use std::sync::{Arc, OnceLock};

use super::observed::Observed;
use super::policy::{Name, Policy};
pub(crate) use super::subject::Subject;

/// Under which policy, and where, a resource is entered.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) policy: Policy,
    pub(crate) place: &'static Location<'static>,
    /// Of a resource that is made of others, or is observed.
    pub(crate) parts: Option<Arc<EntryParts>>,
}

/// What only some entries have.
#[derive(Debug, Default)]
pub(crate) struct EntryParts {
    /// The entries of the members of a resource whose own type has no room for them; there when it is entered.
    entries: OnceLock<Vec<Entry>>,
    /// Of a life that is observed.
    observed: OnceLock<Observed>,
    /// Whether the code of the enter asks how it is entered.
    is_told: bool,
}

impl EntryParts {
    pub(crate) fn set(&self, entries: Vec<Entry>) {
        let set = self.entries.set(entries);
        debug_assert!(set.is_ok(), "what is entered once is set once");
    }

    pub(crate) fn get(&self) -> Option<&[Entry]> {
        self.entries.get().map(Vec::as_slice)
    }

    /// How far the life has come, if that is observed.
    pub(crate) fn observed(&self) -> Option<&Observed> {
        self.observed.get()
    }
}

impl Entry {
    #[inline]
    pub(crate) fn new(policy: Policy, place: &'static Location<'static>) -> Self {
        Entry { policy, place, parts: None }
    }

    /// The code of its enter [asks](super::called::here) how it is entered.
    pub(crate) fn told(self) -> Self {
        let parts = EntryParts { is_told: true, ..EntryParts::default() };
        Entry { parts: Some(Arc::new(parts)), ..self }
    }

    #[inline]
    pub(crate) fn is_told(&self) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.is_told)
    }

    /// For something else that is entered under the same policy.
    pub(crate) fn alone(self) -> Self {
        Entry { parts: None, ..self }
    }

    /// From here on its life is observed.
    pub(crate) fn observe(&mut self, observed: Observed) {
        let parts = self.parts.get_or_insert_default();
        let _ = parts.observed.set(observed);
    }

    /// Whether it is worth the call to ask.
    #[inline]
    pub(crate) fn may_be_observed(&self) -> bool {
        self.parts.is_some()
    }

    /// How far its life has come, if that is observed.
    pub(crate) fn observed(&self) -> Option<&Observed> {
        self.parts.as_ref()?.observed()
    }

    pub(crate) fn subject(&self) -> Subject {
        Subject {
            life: self.observed().and_then(|observed| observed.subject.life),
            ..Subject::new(Name::from(&self.policy), self.place)
        }
    }
}
