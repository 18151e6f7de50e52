//! What generated code calls beside the public traits. Not part of the public interface.
#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "not part of the public interface"
)]

pub use crate::app::exit::{Input, Members, abandon, exit, exit_local, lose};
pub use crate::app::failing::{Ask, Unasked, failing};
pub use crate::app::given::Moved;
pub use crate::app::lifespan::{entered, lifespan, lifespan_local, made, three, two};
pub use crate::app::member::{compute, enter, enter_beside, enter_optional, enter_optional_beside};
pub use crate::app::plan::{plan, plan_local};
pub use crate::app::resources::{
    Beside, BesideLocal, Closed, Ends, EndsLocal, Optional, OptionalLocal, Plain, PlainLocal, SomeOf, end,
};
pub use crate::app::slot::{leaf, leaf_local, lent, lent_local};
pub use crate::app::{Composed, ComposedLocal, graph, graph_local};
pub use crate::compose::graph::{Graph, Member};
pub use crate::compose::kind::{Local, Sendable};
pub use crate::lifespan::scope_macro::{begin, body, in_task};
pub use crate::plan::draft::What;
pub use crate::resource::abandoned::{Abandoned, TakesOver};
pub use crate::resource::failing::Failing;

pub use lifespan_macros::AttributeLifespanOrScopedResource;

use crate::error::BoxError;
use crate::lifespan::foreign::Exited;

/// What the user's exit returned, `()` or a `Result`, as the trait wants it.
///
/// # Errors
///
/// That of the exit.
pub fn exited(exited: impl Exited) -> Result<(), BoxError> {
    exited.__into_result()
}
