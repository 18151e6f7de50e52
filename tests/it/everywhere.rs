//! Runs one test wherever a user may run a scope.

use std::future::Future;

use tokio::runtime::{Builder, LocalRuntime, Runtime};
use tokio::task::LocalSet;

/// A current-thread runtime with a paused clock.
pub fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

pub fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// As a `block_on` root and as a spawned task, on both flavours; in a `LocalSet`, as its root and as a local task; in a
/// `LocalRuntime`; and as a branch of `join!`.
pub fn everywhere<F>(test: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    locally(&test);
    paused().block_on(async { tokio::spawn(test()).await.unwrap() });
    multi_thread().block_on(async { tokio::spawn(test()).await.unwrap() });
}

/// Everywhere where a future that is not `Send` may run.
pub fn locally<F>(test: impl Fn() -> F)
where
    F: Future<Output = ()> + 'static,
{
    paused().block_on(test());
    multi_thread().block_on(test());
    LocalSet::new().block_on(&paused(), test());
    LocalSet::new().block_on(&paused(), async {
        tokio::task::spawn_local(test()).await.unwrap();
    });
    LocalRuntime::new()
        .unwrap()
        .block_on(async { tokio::task::spawn_local(test()).await.unwrap() });
    paused().block_on(async {
        tokio::join!(tokio::task::yield_now(), test());
    });
}
