//! [`Group`]: what the members of a composite share while they enter: the region that all of them unwind with, and what has failed
//! so far (law 19).

use std::sync::Arc;

use super::nested::{self, Left};
use crate::base::cause::{Cause, Phase};
use crate::base::entry::Subject;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::{Node, Why};
use crate::error::{Error, ErrorKind};
use crate::event::failures::OneFailure;
use crate::event::undelivered::Undelivered;
use crate::orphan::orphan_exit::OrphanExit;
use crate::plan::graph::GraphMember;

/// What all members of a group that enters share.
#[derive(Debug)]
pub struct Group {
    pub(super) node: Arc<Node>,
    pub(super) subject: Subject,
    /// In the order they happened.
    failures: Vec<Undelivered>,
    /// Of members that failed.
    pub(super) left: Vec<Left>,
}

impl Group {
    pub(super) fn new(node: Arc<Node>, subject: Subject) -> Self {
        Group { node, subject, failures: Vec::new(), left: Vec::new() }
    }

    /// Whether a member has failed, or will have: one that is a composite itself may still be unwinding.
    pub(crate) fn has_failed(&self) -> bool {
        let is_known = |why: Why| !why.inherited && why.cancellation.is_roll_back();
        !self.failures.is_empty() || self.node.is_cancelled() && self.node.why().is_some_and(is_known)
    }

    /// The first failure has the others unwind.
    pub(crate) fn fail(&mut self, failure: OneFailure) {
        if self.failures.is_empty() {
            nested::roll_back(&self.node);
        }
        self.failures.push(failure.into());
    }

    /// As [`fail`](Group::fail), for a member that has been polled.
    pub(crate) fn miss(&mut self, missed: Missed, member: Option<&'static GraphMember>) {
        self.left.extend(missed.left.map(|left| (member, left)));
        self.fail(missed.failure);
    }

    /// Why what is entered exits: for a failure among its members, or for a cancellation from around them.
    pub(super) fn cause(&self) -> Cause {
        let own = |why: &Why| !why.inherited && why.cancellation.is_consequence();
        match self.node.why() {
            Some(why) if !own(&why) && !why.cancellation.is_roll_back() => why.cancellation.cause(),
            _ => Cause::RolledBack,
        }
    }

    /// The failure that the group fails with, the others attached; those that only tell of it are left out.
    pub(super) fn verdict(&mut self) -> Option<Undelivered> {
        // Looked at once: a service may die in another thread meanwhile, and its death is told once.
        let seen = self.node.why();
        let own = seen.as_ref().filter(|why| !why.inherited);
        let death = own.and_then(|why| Error::of_death(&why.cancellation));
        let out_of_time = self.out_of_time(seen.as_ref());
        let failures = std::mem::take(&mut self.failures).into_iter();
        let mut failures: Vec<_> = failures.map(Undelivered::deliver).collect();
        let first = death
            .or(out_of_time)
            .map(OneFailure::from)
            .or_else(|| take_first(&mut failures));
        let Some(mut first) = first else {
            // Entered in the very poll of the cancellation (law 17).
            let cancellation = seen?.cancellation;
            return Some(not_entered(self.subject.clone(), cancellation).into());
        };
        for OneFailure { error, .. } in failures {
            first.error.attach_unless_consequence(error);
        }
        Some(first.into())
    }

    /// If the budget of the whole ran out, that is what it fails with, and each member that had not entered by then is attached.
    fn out_of_time(&self, seen: Option<&Why>) -> Option<Error> {
        let why = seen.filter(|why| why.inherited && why.cancellation.is_budget())?;
        let first = self.failures.first()?.error();
        first
            .is_echo_of(&why.cancellation)
            .then(|| not_entered(self.subject.clone(), why.cancellation.clone()))
    }
}

/// The first, but for those that only tell of another one.
fn take_first(failures: &mut Vec<OneFailure>) -> Option<OneFailure> {
    let is_echo = |failure: &OneFailure| {
        let told = failure.error.cancellation();
        told.is_some_and(Cancellation::is_consequence)
    };
    let first = failures.iter().position(|failure| !is_echo(failure));
    (!failures.is_empty()).then(|| failures.remove(first.unwrap_or(0)))
}

/// The error of one that was cancelled before it had entered.
pub(super) fn not_entered(subject: Subject, cancellation: Cancellation) -> Error {
    let kind = ErrorKind::of(&cancellation);
    Error::of(subject, Phase::Enter, kind, cancellation.into())
}

/// Why a member was not entered, and what it has left to be exited.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "it is what a public future gives")]
pub struct Missed {
    pub(crate) failure: OneFailure,
    pub(super) left: Option<Box<OrphanExit>>,
}
