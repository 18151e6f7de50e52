//! What is said of the life of a resource, from the first poll of its enter to the end of its exit. With no observer these
//! functions do nothing.

use std::time::Duration;

use super::emit::emit;
use super::kind::EventKind;
use super::observers;
use crate::base::cause::Cause;
use crate::base::entry::{Entry, Subject};
use crate::base::life::{Id, Life};
use crate::base::observed::Observed;
use crate::cancel::current;
use crate::error::Error;

/// It begins to enter, in the place that its scope has taken.
#[cold]
pub(crate) fn entering(entry: &mut Entry) {
    let subject = Subject { life: Some(begin()), ..entry.subject() };
    current::inhabit(&subject);
    emit(&subject, EventKind::Entering { budget: entry.policy.enter_budget() });
    entry.observe(Observed::begin(subject, dropped));
}

/// A life that begins here; what begins inside of it is its child.
pub(super) fn begin() -> Life {
    let (id, parent) = (Id::next(), parent());
    current::houses(id);
    Life { id, parent }
}

/// Of what begins here.
pub(super) fn parent() -> Option<Id> {
    current::living().or_else(observers::root)
}

#[cold]
pub(crate) fn entered(entry: &Entry) {
    if let Some(observed) = entry.observed() {
        let took = observed.enter();
        emit(&observed.subject, EventKind::Entered { took });
    }
}

#[cold]
pub(crate) fn enter_failed(entry: &Entry, error: &Error) {
    if let Some(observed) = entry.observed() {
        let took = observed.end();
        emit(&observed.subject, EventKind::EnterFailed { took, error });
    }
}

/// It was dropped before it has ended: while it entered, or since it is a part of something else from then on.
#[cold]
fn dropped(observed: &Observed) {
    let kind = if observed.has_entered() {
        EventKind::HandedOn
    } else {
        EventKind::EnterDropped { took: observed.elapsed() }
    };
    emit(&observed.subject, kind);
}

/// If its exit begins now, in a place of its own; gives who it is.
#[cold]
pub(crate) fn exiting(entry: &Entry, cause: Cause, error: Option<&str>, budget: Option<Duration>) -> Option<Subject> {
    let observed = entry.observed().filter(|observed| observed.begin_exit())?;
    emit(&observed.subject, EventKind::Exiting { cause, error, budget });
    Some(observed.subject.clone())
}

/// Its exit has ended; with what failed first in it.
#[cold]
pub(crate) fn exited(entry: &Entry, failed: Option<&Error>) {
    if let Some(observed) = entry.observed() {
        let took = observed.end_exit();
        let kind = match failed {
            None => EventKind::Exited { took },
            Some(error) => EventKind::ExitFailed { took, error },
        };
        emit(&observed.subject, kind);
    }
}

/// Its exit was dropped, and what it is made of exits elsewhere.
#[cold]
pub(crate) fn went_on(entry: &Entry) {
    if let Some(observed) = entry.observed() {
        emit(&observed.subject, EventKind::WentOn);
    }
}

/// It was dropped without its exit.
#[cold]
pub(crate) fn abandoned(entry: &Entry, cause: Cause) {
    if let Some(observed) = entry.observed().filter(|observed| observed.is_first_to_abandon()) {
        emit(&observed.subject, EventKind::Abandoned { cause });
    }
}

/// What runs here has adopted its exit.
#[cold]
pub(crate) fn adopted(subject: &Subject) {
    if subject.life.is_some() {
        let by = current::living();
        emit(subject, EventKind::Adopted { by });
    }
}

/// It says how far it has come.
#[cold]
pub(crate) fn progressed(subject: &Subject, text: &str) {
    emit(subject, EventKind::Progress { text });
}
