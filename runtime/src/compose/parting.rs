//! [`Parting`]: members on their way to their exits.

use std::panic::Location;

use super::exits::{Exits, Order};
use crate::base::entry::Entry;
use crate::base::opaque::opaque_debug;
use crate::lifespan::kind::{Kind, Sendable, Takes};
use crate::orphan::orphan_exit::OrphanExit;
use crate::resource::LocalResource;
use crate::resource::exit::{Exit, ForMembers};
use crate::resource::kept::Kept;
use crate::resource::origin::{AbandonedFrom, Origin};

/// The entry of each member, in order: its name, its budgets, its place.
#[derive(Debug, Default)]
pub struct Entries(pub(crate) Vec<Entry>);

impl Entries {
    /// A member; its entry is added.
    pub(crate) fn open<R: LocalResource>(&mut self, member: Option<Kept<R>>) -> R {
        let Some(member) = member else {
            unreachable!("all members have been entered")
        };
        let (resource, origin) = member.take();
        self.0.push(origin.entry);
        resource
    }
}

/// The exits of the members of one group, made one after the other in the order of the members.
pub struct Parting<K: Kind> {
    exits: Vec<(usize, K::Exit)>,
    entries: std::vec::IntoIter<Entry>,
    next: usize,
    exit: ForMembers,
    /// If the members are abandoned.
    from: Option<AbandonedFrom>,
}

/// The number of what is no member, and exits when all of them have.
pub(crate) const LAST: usize = usize::MAX;

impl<K: Kind> Parting<K> {
    pub(crate) fn new(exit: &Exit) -> Self {
        Parting {
            exits: Vec::new(),
            entries: Vec::new().into_iter(),
            next: 0,
            exit: exit.for_members(),
            from: None,
        }
    }

    /// For members that come without their entries.
    pub(crate) fn with(self, entries: Entries) -> Self {
        Parting {
            exits: Vec::with_capacity(entries.0.len()),
            entries: entries.0.into_iter(),
            ..self
        }
    }

    /// For members that are abandoned together.
    pub(crate) fn abandoned(self, from: AbandonedFrom) -> Self {
        let from = Some(from);
        Parting { from, ..self }
    }

    /// The next member, if it was entered.
    pub(crate) fn member<R: LocalResource>(&mut self, member: Option<Kept<R>>)
    where
        K: Takes<R>,
    {
        let from = self.from.clone();
        self.exit(|exit| {
            let (resource, origin) = member?.take();
            Some(K::__part(resource, origin.abandoned_from(from), exit))
        });
    }

    /// Where a member of this entry comes from.
    pub(crate) fn origin(&self, entry: Entry) -> Origin {
        Origin::here(entry).abandoned_from(self.from.clone())
    }

    /// What the exits are told.
    pub(crate) fn for_members(&self) -> ForMembers {
        self.exit.clone()
    }

    /// The exit of the member of this number; of what is no member, and exits [last](LAST).
    pub(crate) fn push(&mut self, at: usize, part: impl FnOnce(ForMembers) -> K::Exit) {
        self.exits.push((at, part(self.exit.clone())));
    }

    /// The roll-back of the member of this number, which has failed to enter.
    pub(crate) fn left(&mut self, member: usize, left: OrphanExit) {
        self.exits.push((member, K::__run(left)));
    }

    /// The exit of the next member, if it was entered.
    pub(crate) fn exit(&mut self, part: impl FnOnce(ForMembers) -> Option<K::Exit>) {
        if let Some(exit) = part(self.exit.clone()) {
            self.exits.push((self.next, exit));
        }
        self.next += 1;
    }

    /// The next member, which has no entry with it.
    pub(crate) fn resource<R: LocalResource>(&mut self, resource: R)
    where
        K: Takes<R>,
    {
        // There is one for each, unless somebody has changed a vector of members.
        let entry = self.entries.next();
        let entry = entry.unwrap_or_else(|| Entry::new(R::policy(), Location::caller()));
        let origin = self.origin(entry);
        self.exit(|exit| Some(K::__part(resource, origin, exit)));
    }

    /// Nothing can run their exits any more: each reports itself, the last first.
    pub(crate) fn lose(self) {
        self.exits.into_iter().rev().for_each(drop);
    }

    /// As such that may leave their task, if they may.
    #[allow(clippy::result_large_err, reason = "it is taken apart at once")]
    pub(crate) fn detached(self, order: Order) -> Result<Exits<Sendable>, Exits<K>> {
        match K::__detach(self.exits) {
            Ok(exits) => Ok(Exits::new(exits, order)),
            Err(exits) => Err(Exits::new(exits, order)),
        }
    }

    pub(crate) fn exits(self, order: Order) -> Exits<K> {
        Exits::new(self.exits, order)
    }
}

opaque_debug!([K: Kind] Parting<K>, "Parting");
