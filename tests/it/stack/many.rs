//! Many entries: one after the other, on a small stack, in linear time (law 7).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures_util::FutureExt;
use lifespan::{Error, ExitStack, drain};

use crate::everywhere::paused;

const MANY: usize = 100_000;

fn on_a_small_stack(test: impl AsyncFnOnce() + Send + 'static) {
    let run = || paused().block_on(test());
    let thread = thread::Builder::new().stack_size(256 << 10);
    thread.spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_hundred_thousand_laws_1_and_7() {
    on_a_small_stack(async || {
        let left = Arc::new(AtomicUsize::new(0));
        ExitStack::new()
            .scope(async |stack| {
                for n in 0..MANY {
                    let left = Arc::clone(&left);
                    stack.on_exit(async move |_| {
                        if n % 1000 == 0 {
                            tokio::task::yield_now().await;
                        }
                        // The youngest first.
                        assert_eq!(left.fetch_sub(1, Ordering::Relaxed), n + 1);
                    })?;
                }
                left.store(MANY, Ordering::Relaxed);
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        assert_eq!(left.load(Ordering::Relaxed), 0);
    });
}

/// All of them fail; all of that is kept.
#[test]
fn a_hundred_thousand_failures_law_23() {
    on_a_small_stack(async || {
        let error = ExitStack::new().scope(async |stack| {
            for _ in 0..MANY {
                stack.on_exit_sync(|_| Err::<(), _>("bad"))?;
            }
            Ok::<_, Error>(())
        });
        assert_eq!(error.await.unwrap_err().attached().len(), MANY - 1);
    });
}

/// Dropped before its exit, and in the middle of it.
#[test]
fn a_hundred_thousand_dropped_laws_3_and_6() {
    on_a_small_stack(async || {
        let exits = Arc::new(AtomicUsize::new(0));
        for waits_first in [false, true] {
            let dropped = ExitStack::new().scope(async |stack| {
                for n in 0..MANY {
                    let exits = Arc::clone(&exits);
                    stack.on_exit(async move |_| {
                        exits.fetch_add(1, Ordering::Relaxed);
                        if n == MANY - 2 {
                            tokio::task::yield_now().await;
                        }
                    })?;
                }
                if waits_first {
                    std::future::pending::<()>().await;
                }
                Ok::<_, Error>(())
            });
            assert!(dropped.now_or_never().is_none());
            let _ = drain().await;
        }
        assert_eq!(exits.load(Ordering::Relaxed), 2 * MANY);
    });
}

/// Exits that never wait let other tasks run.
#[test]
fn others_run_meanwhile() {
    paused().block_on(async {
        let other = tokio::spawn(async {});
        ExitStack::new()
            .scope(async |stack| {
                let other = other;
                stack.on_exit_sync(move |_| assert!(other.is_finished()))?;
                for _ in 0..1000 {
                    stack.on_exit_sync(|_| ())?;
                }
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
    });
}
