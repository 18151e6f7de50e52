//! The suites, each with its peers.

use crate::suite::Suite;

pub mod cancel;
pub mod dropped;
pub mod in_cancel_scope;
pub mod in_parallel;
pub mod in_sequence;
pub mod owner;
pub mod yielding;

pub const ALL: &[&Suite] = &[
    &in_cancel_scope::SUITE,
    &in_parallel::READY,
    &in_parallel::WAITING,
    &in_sequence::SUITE,
    &owner::SUITE,
    &cancel::ONE_TASK,
    &cancel::TREE,
    &cancel::TASKS,
    &yielding::SUITE,
    &dropped::SUITE,
];
