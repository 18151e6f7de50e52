//! Integration tests on real systems: one binary, a module for each system.
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a test binary has no public interface"
)]

mod transactions;
