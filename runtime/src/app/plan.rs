//! [`plan`]: what a graph says about a lifespan before it runs.

use super::composed::Composed;
use crate::lifespan::kind::Kind;
use crate::plan::Plan;

/// The plan of a lifespan.
#[must_use]
pub fn plan<A: Composed<K>, K: Kind>() -> Plan {
    Plan::of(A::GRAPH)
}
