//! What generated code calls beside the public traits. Not part of the public interface.
#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "not part of the public interface"
)]

#[cfg(feature = "compose")]
pub use composed::*;

pub use crate::error::{rejected::Rejected, task_error::TaskError};
pub use crate::lifespan::Lifespan;
pub use crate::lifespan::kind::{Kind, Local, Sendable};
pub use crate::lifespan::scope_macro::{begin, body, in_task};
pub use crate::resource::TakesOver;
pub use crate::resource::enter::Enter;
pub use crate::resource::exit::Exit;
pub use crate::resource::failing::Failing;
pub use crate::resource::origin::Origin;

// Under names that nothing of the user's can hide.
pub use std::option::Option::{None, Some};
pub use std::time::Duration;

pub use lifespan_macros::AttributeLifespanOrScopedResource;

use crate::error::BoxError;
use crate::lifespan::ending::Exited;

/// What `#[lifespan]` needs.
#[cfg(feature = "compose")]
mod composed {
    pub use crate::app::composed::{Composed, asking, graph, plan};
    pub use crate::app::exit::{abandon, exit, lose};
    pub use crate::app::lifespan::lifespan;
    pub use crate::app::member::{compute, enter, enter_beside, enter_optional, enter_optional_beside, made};
    pub use crate::app::parts::Parts;
    pub use crate::app::resources::{Ends, EndsLocal, end};
    pub use crate::app::role::{beside, optional, optional_beside, plain, resource, row};
    pub use crate::app::slot::{given, leaf, lent, moved};
    pub use crate::plan::graph::{Budgets, GraphMember, UNSAID, What};
}

/// What an exit returns.
pub type ExitResult = Result<(), BoxError>;

/// What the user's exit returned, `()` or a `Result`, as the trait wants it.
///
/// # Errors
///
/// That of the exit.
pub fn exited(exited: impl Exited) -> Result<(), BoxError> {
    exited.__into_result()
}
