//! What is said of cancel scopes, of what is asked to stop, and of what lives in another task.

use super::emit::emit;
use super::kind::EventKind;
use super::lives::{begin, parent};
use super::observers::is_observed;
use crate::base::entry::Subject;
use crate::base::life::Life;
use crate::base::observed::Observed;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::current;
use crate::cancel::node::Node;

/// The cancel scope here has begun, if a user has made it.
#[cold]
pub(crate) fn opened() -> Option<Box<Observed>> {
    let node = current::here().filter(|node| node.is_told())?;
    let subject = Subject { life: Some(begin()), ..node.subject()?.clone() };
    emit(&subject, EventKind::Opened);
    Some(Box::new(Observed::begin(subject, dropped)))
}

/// The cancel scope here has ended: cancelled, if its body learned of that.
#[cold]
pub(crate) fn closed(observed: &Observed) {
    let (took, cancellation) = (observed.end(), current::delivered());
    let kind = match &cancellation {
        None => EventKind::Closed { took },
        Some(cancellation) => EventKind::Unwound { took, cancellation },
    };
    emit(&observed.subject, kind);
}

#[cold]
fn dropped(observed: &Observed) {
    let took = observed.elapsed();
    emit(&observed.subject, EventKind::Dropped { took });
}

/// This cancel scope was cancelled, if this was the first to do so.
#[cold]
pub(crate) fn cancelled(node: &Node, cancellation: &Cancellation) {
    if let (Some(id), Some(subject)) = (node.resident(), node.subject()) {
        let parent = node.parent().and_then(|parent| parent.living());
        let subject = Subject { life: Some(Life { id, parent }), ..subject.clone() };
        emit(&subject, EventKind::Cancelled { cancellation });
    }
}

/// It was asked to stop.
#[cold]
pub(crate) fn stop_requested(subject: &Subject) {
    if subject.life.is_some() {
        emit(subject, EventKind::StopRequested);
    }
}

/// What will live in this region, in a task of its own, is inside of what lives here.
#[cold]
pub(crate) fn inside_of_what_is_here(region: &Node) {
    if is_observed() {
        if let Some(id) = parent() {
            region.lies_in(id);
        }
    }
}
