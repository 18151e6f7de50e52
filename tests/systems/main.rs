//! Integration tests on real systems: what the library promises, asked of programs that are made of other people's parts. One
//! binary, a module for each kind of system.
#![allow(missing_docs, unreachable_pub, reason = "a test binary has no public interface")]

mod limit;

// Programs are stopped by signals, and those are Unix's.
#[cfg(unix)]
mod mcp;
mod transactions;
