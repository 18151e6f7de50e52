//! Code that is never idle: its channel is always ready, so that it waits only where it has spent the budget that tokio gives
//! to a task. Limits fire beside it (laws 6, 13, 15, 16), and it starves nothing else of its task (laws 3, 18, 19).
//!
//! On current_thread the clock is paused, and a task of its own moves it on whenever that one runs. On multi_thread the limits
//! are real, and code that no limit ends gives up after far more steps than any machine takes in that time: only that it did
//! not is asserted.

mod adopted;
mod limits;
mod members;
mod services;

use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::task::coop::consume_budget;
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::advance;

use crate::everywhere::{multi_thread, paused};

const MS: Duration = Duration::from_millis(1);
const LIMIT: Duration = Duration::from_millis(20);

/// Each takes some nanoseconds.
const STEPS: u64 = 100_000_000;

/// What code that no limit has ended returns.
#[derive(Debug, PartialEq, Eq)]
struct GaveUp;

/// Is never idle.
async fn busy() -> GaveUp {
    busy_until(|| false).await;
    GaveUp
}

/// Is never idle until something has happened. Whether it has.
async fn busy_until(happened: impl Fn() -> bool) -> bool {
    for _ in 0..STEPS {
        if happened() {
            return true;
        }
        consume_budget().await;
    }
    false
}

/// Runs it on every kind of runtime, while time goes by.
fn on_every_runtime<F>(test: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    paused().block_on(as_time_goes_by(test()));
    paused().block_on(as_time_goes_by(async {
        tokio::spawn(test()).await.unwrap();
    }));
    LocalSet::new().block_on(&paused(), as_time_goes_by(test()));
    LocalSet::new().block_on(&paused(), as_time_goes_by(async { spawn_local(test()).await.unwrap() }));
    let mut local = Builder::new_current_thread();
    local.enable_all().start_paused(true);
    let local = local.build_local(LocalOptions::default()).unwrap();
    local.block_on(as_time_goes_by(async {
        spawn_local(test()).await.unwrap();
    }));
    paused().block_on(as_time_goes_by(async {
        tokio::join!(yield_now(), test());
    }));
    multi_thread().block_on(test());
    multi_thread().block_on(async { tokio::spawn(test()).await.unwrap() });
}

/// A millisecond, each time that others run.
async fn as_time_goes_by(test: impl Future<Output = ()>) {
    let clock = tokio::spawn(async {
        loop {
            advance(MS).await;
        }
    });
    test.await;
    clock.abort();
}
