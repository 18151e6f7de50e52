//! [`Parting`]: members on their way to their exits.

use std::fmt;

use super::exits::{Exits, Order};
use super::kept::Kept;
use super::kind::{Kind, Takes};
use crate::entry::Entry;
use crate::exit::{Exit, ForMembers};
use crate::resource::LocalResource;

/// The entry of each member, in order: its name, its budgets, its place.
#[derive(Debug, Default)]
pub struct Entries(pub(super) Vec<Entry>);

impl Entries {
    /// A member; its entry is added.
    pub(super) fn open<R: LocalResource>(&mut self, member: Option<Kept<R>>) -> R {
        let Some(member) = member else {
            unreachable!("all members have been entered")
        };
        let (resource, entry) = member.open();
        self.0.push(entry);
        resource
    }
}

/// The exits of the members of one group, made one after the other in the order of the members.
pub struct Parting<K: Kind> {
    exits: Vec<(usize, K::Job)>,
    entries: std::vec::IntoIter<Entry>,
    next: usize,
    exit: ForMembers,
    stray: bool,
}

impl<K: Kind> Parting<K> {
    pub(super) fn new(exit: &Exit) -> Self {
        Parting {
            exits: Vec::new(),
            entries: Vec::new().into_iter(),
            next: 0,
            exit: exit.for_members(),
            stray: false,
        }
    }

    /// For members that come without their entries.
    pub(super) fn with(self, entries: Entries) -> Self {
        Parting {
            entries: entries.0.into_iter(),
            ..self
        }
    }

    pub(super) fn stray(self, stray: bool) -> Self {
        Parting { stray, ..self }
    }

    /// The next member, if it was entered.
    pub(super) fn member<R: LocalResource>(&mut self, member: Option<Kept<R>>)
    where
        K: Takes<R>,
    {
        let stray = self.stray;
        self.exit(|exit| Some(K::part(member?.stray(stray), exit)));
    }

    /// The exit of the next member, if it was entered.
    pub(super) fn exit(&mut self, part: impl FnOnce(ForMembers) -> Option<K::Job>) {
        if let Some(exit) = part(self.exit.clone()) {
            self.exits.push((self.next, exit));
        }
        self.next += 1;
    }

    /// The next member, which has no entry with it.
    pub(super) fn resource<R: LocalResource>(&mut self, resource: R)
    where
        K: Takes<R>,
    {
        let Some(entry) = self.entries.next() else {
            unreachable!("there is an entry for each member")
        };
        self.member(Some(Kept::new(resource, entry)));
    }

    pub(super) fn exits(self, order: Order) -> Exits<K::Job> {
        Exits::new(self.exits, order)
    }
}

impl<K: Kind> fmt::Debug for Parting<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parting").finish_non_exhaustive()
    }
}
