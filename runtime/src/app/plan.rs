//! [`plan`]: what a graph says about a lifespan before it runs.

use super::composed::{Composed, ComposedLocal};
use crate::plan::Plan;

/// The plan of a lifespan.
#[must_use]
pub fn plan<A: Composed>() -> Plan {
    Plan::of(A::GRAPH)
}

/// As [`plan`], for members that stay in their task.
#[must_use]
pub fn plan_local<A: ComposedLocal>() -> Plan {
    Plan::of(A::GRAPH)
}
