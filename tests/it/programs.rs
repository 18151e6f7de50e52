//! Programs as users would write them: each compiles without contortions, and does what it says.

mod axum_transaction;
mod boxed_factory;
mod fixture;
mod generic_transport;
mod in_async_trait;
mod nested_transactions;
mod retry;
