//! [`Failing`]: how a resource says that it failed while others use it (law 21).
//!
//! Whoever holds a resource asks it once, when it is entered. One that can fail takes a [`FailureLink`], which leads to a node: that
//! of a group that still enters, or one that is made for the first link, so that ordinary resources cost nothing. When the
//! resource fails, its [`FailureSource`] cuts the links, and the nodes are cancelled. What it died of is a [`Death`], which is told once.
//! [`asking`](super::asking) is what asks.

use std::fmt;
use std::sync::Arc;

use crate::base::entry::{Entry, Subject};
use crate::base::lock::Lock;
use crate::base::policy::Name;
use crate::cancel::cancellation::{CancelKind, Cancellation};
use crate::cancel::death::Death;
use crate::cancel::node::Node;

/// Goes from resource to resource, and gives a wire to each that can fail.
pub struct Failing<'a> {
    entry: &'a Entry,
    node: &'a mut Option<Arc<Node>>,
}

impl Failing<'_> {
    pub(super) fn new<'a>(entry: &'a Entry, node: &'a mut Option<Arc<Node>>) -> Failing<'a> {
        Failing { entry, node }
    }

    /// The entries of the members of what is asked, if its own type has no room for them.
    pub(crate) fn parts(&self) -> Option<&[Entry]> {
        self.entry.parts.as_ref()?.get()
    }

    /// For a part of what is asked, entered like this.
    pub(crate) fn of<'p>(&'p mut self, entry: &'p Entry) -> Failing<'p> {
        let node = &mut *self.node;
        Failing { entry, node }
    }

    /// For a resource whose own parts come later.
    pub(crate) fn users(&mut self) -> Dependents {
        Dependents(Arc::clone(self.node.get_or_insert_with(Node::new)))
    }

    /// For the resource that is asked.
    pub(crate) fn wire(&mut self) -> FailureLink {
        FailureLink {
            node: Arc::clone(self.node.get_or_insert_with(Node::new)),
            subject: self.entry.subject(),
        }
    }
}

impl fmt::Debug for Failing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failing")
            .field("entry", self.entry)
            .finish_non_exhaustive()
    }
}

/// Those who use what comes later.
#[derive(Clone)]
pub struct Dependents(Arc<Node>);

impl Dependents {
    pub(super) fn node(&self) -> &Arc<Node> {
        &self.0
    }

    /// What fails then says so with its exit.
    pub(crate) fn nobody() -> Self {
        Dependents(Node::new())
    }
}

impl fmt::Debug for Dependents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dependents").finish_non_exhaustive()
    }
}

/// From a resource that can fail to those who use it.
#[derive(Clone)]
pub(crate) struct FailureLink {
    node: Arc<Node>,
    subject: Subject,
}

/// What a resource failed of.
#[derive(Clone)]
pub(crate) enum Failed {
    Died(Death),
    /// That has cancelled others already.
    Ended(Cancellation),
}

impl FailureLink {
    /// Tells those who use it. To be called without a lock: it wakes them.
    fn cut(&self, failed: &Failed) {
        let cancellation = match failed {
            Failed::Died(death) => {
                let died = CancelKind::Died(self.subject.clone(), death.clone());
                Cancellation::new(died, self.subject.place)
            }
            Failed::Ended(cancellation) => cancellation.clone(),
        };
        self.node.cancel(&cancellation);
    }
}

/// A resource that can fail, as those know it that use it. Each of them is told that it has failed, whenever that was.
pub(crate) struct FailureSource {
    /// Who it is to itself.
    subject: Subject,
    state: Lock<SourceState>,
}

#[derive(Default)]
struct SourceState {
    /// By a number for each.
    users: Vec<(u64, FailureLink)>,
    /// Who it is to those who use it.
    known_as: Option<Subject>,
    failed: Option<Failed>,
}

impl SourceState {
    fn take(&mut self, user: u64) -> Option<(u64, FailureLink)> {
        let at = self.users.iter().position(|(of, _)| *of == user)?;
        Some(self.users.swap_remove(at))
    }
}

impl FailureSource {
    pub(crate) fn new(subject: Subject) -> Self {
        FailureSource { subject, state: Lock::default() }
    }

    /// Who it is to those who use it, if there are any.
    pub(crate) fn subject(&self) -> Subject {
        let known_as = self.state.lock().known_as.clone();
        known_as.unwrap_or_else(|| self.subject.clone())
    }

    /// Its name to those who use it, if there are any.
    pub(crate) fn name(&self) -> Name {
        let state = self.state.lock();
        state.known_as.as_ref().unwrap_or(&self.subject).name.clone()
    }

    /// This user is told there from now on, and no more where it was before.
    pub(crate) fn attach(&self, user: u64, link: &FailureLink) {
        let mut state = self.state.lock();
        let old = state.take(user);
        state.known_as = Some(link.subject.clone());
        state.users.push((user, link.clone()));
        let failed = state.failed.clone();
        drop(state);
        drop(old);
        if let Some(failed) = failed {
            link.cut(&failed);
        }
    }

    pub(crate) fn detach(&self, user: u64) {
        let link = self.state.lock().take(user);
        drop(link);
    }

    /// To be called without a lock.
    pub(crate) fn fail(&self, failed: &Failed) {
        let users = {
            let mut state = self.state.lock();
            state.failed = Some(failed.clone());
            state.users.clone()
        };
        for (_, link) in users {
            link.cut(failed);
        }
    }

    pub(crate) fn failed(&self) -> Option<Failed> {
        self.state.lock().failed.clone()
    }
}
