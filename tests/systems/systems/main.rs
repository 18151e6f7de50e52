//! Real systems: what the library promises, asked from outside of processes that are made of other people's parts. Signals,
//! and so all of this, are those of Unix.
#![cfg(unix)]

mod driver;
mod limit;
mod mcp;
mod python;
mod relay;
mod server;
mod session;
mod sse;
