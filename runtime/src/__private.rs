//! What generated code calls beside the public traits. Not part of the public interface.
#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "not part of the public interface"
)]

pub use crate::abandoned::{Abandoned, TakesOver};
pub use crate::compose::composed::exit::{Input, Members, abandon, exit, exit_local, lose};
pub use crate::compose::composed::failing::{Ask, Unasked, failing};
pub use crate::compose::composed::given::Moved;
pub use crate::compose::composed::graph::{Graph, Member};
pub use crate::compose::composed::lifespan::{entered, lifespan, lifespan_local, made, three, two};
pub use crate::compose::composed::member::{
    compute, enter, enter_beside, enter_optional, enter_optional_beside,
};
pub use crate::compose::composed::plan::{plan, plan_local};
pub use crate::compose::composed::resources::{
    Beside, BesideLocal, Closed, Ends, EndsLocal, Optional, OptionalLocal, Plain, PlainLocal,
    SomeOf, end,
};
pub use crate::compose::composed::slot::{leaf, leaf_local, lent, lent_local};
pub use crate::compose::composed::{Composed, ComposedLocal, graph, graph_local};
pub use crate::compose::kind::{Local, Sendable};
pub use crate::failing::Failing;
pub use crate::plan::draft::What;
pub use crate::scope_macro::{begin, body, in_task};
pub use crate::service::{ServiceEnd, ServiceFn};

pub use lifespan_macros::AttributeLifespanOrScopedResource;

use crate::error::BoxError;
use crate::foreign::Exited;

/// What the user's exit returned, `()` or a `Result`, as the trait wants it.
///
/// # Errors
///
/// That of the exit.
pub fn exited(exited: impl Exited) -> Result<(), BoxError> {
    exited.__into_result()
}
