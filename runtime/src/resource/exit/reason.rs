//! [`Reason`]: what ended a body, as its exit is told: the text of an error or a panic, or a cancellation, whose text is made
//! when somebody asks for it, and once for all that it ends.

use std::sync::Arc;

use crate::cancel::cancellation::Cancellation;

/// Cheap to clone: each member of a group is told.
#[derive(Clone, Debug)]
pub(crate) enum Reason {
    Text(Arc<str>),
    Cancelled(Cancellation),
}

impl Reason {
    pub(crate) fn text(&self) -> &str {
        match self {
            Reason::Text(text) => text,
            Reason::Cancelled(cancellation) => cancellation.text(),
        }
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Reason::Text(text.into())
    }
}

impl From<&Cancellation> for Reason {
    fn from(cancellation: &Cancellation) -> Self {
        Reason::Cancelled(cancellation.clone())
    }
}
