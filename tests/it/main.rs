//! Integration tests: one binary, a module for each behaviour. Each test asserts a whole journal, names the laws it
//! holds, and runs wherever a user may run a scope (see `everywhere`).
#![allow(
    clippy::large_futures,
    clippy::similar_names,
    reason = "a test holds a whole program, whose parts come in pairs"
)]
#![allow(clippy::items_after_statements, reason = "a helper reads best beside its one test")]
#![allow(missing_docs, unreachable_pub, reason = "a test binary has no public interface")]

mod everywhere;
mod journal;

mod adopted;
mod between;
mod blocking;
mod budgets;
mod cancel;
mod compose;
mod cost;
mod errors;
mod faults;
mod group;
mod held;
mod identity;
mod kept;
mod lent_time;
mod lifespan;
mod matrix;
mod moved;
mod nested_runtime;
mod never_idle;
mod own_errors;
mod owner;
mod owner_map;
mod parts;
mod paths_out;
mod printed;
mod programs;
mod random;
mod refused;
mod rescued;
mod retry;
mod scoped_resource;
mod send;
mod service;
mod shared;
#[cfg(unix)]
mod signals;
mod stack;
mod sweeps;
mod told;
