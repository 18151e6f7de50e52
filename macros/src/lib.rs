//! Attribute macros of the `lifespan` crate; use them through `lifespan`.
