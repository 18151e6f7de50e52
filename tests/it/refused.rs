//! A task that is refused panics, and its panic may end more than that task: what is around the scope. The rightful task then fails
//! as well, rather than waiting for ever (law 10).

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use lifespan::{checks_enabled, drain};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

use crate::everywhere::{multi_thread, paused};
use crate::journal::Journal;

/// A scope that never ends, in an `async` block.
fn block(journal: &Journal) -> impl Future<Output = ()> + Send + use<> {
    let db = journal.resource("db").lifespan();
    async {
        let _ = db.scope_ok(async |_| pending::<()>().await).await;
    }
}

/// Both poll the block, the first of them first.
async fn assert_both_fail<F>(journal: Journal, poll: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    if !checks_enabled() {
        return;
    }
    let panicked = async |task: JoinHandle<()>| task.await.unwrap_err().is_panic();
    let rightful = tokio::spawn(poll());
    journal.reached("enter db").await;
    assert!(panicked(tokio::spawn(poll())).await);
    assert!(panicked(rightful).await);
    let _ = drain().await;
    let lines = journal.lines();
    assert!(
        lines.contains(&"exit db: abandoned, in another task".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn behind_a_shared_future_law_10() {
    for runtime in [paused(), multi_thread()] {
        let journal = Journal::new();
        let shared = block(&journal).boxed().shared();
        runtime.block_on(assert_both_fail(journal, || shared.clone()));
    }
}

#[test]
fn behind_a_lock_law_10() {
    for runtime in [paused(), multi_thread()] {
        let journal = Journal::new();
        let block = block(&journal).boxed();
        let block: Arc<Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>> = Arc::new(Mutex::new(block));
        runtime.block_on(assert_both_fail(journal, || {
            let block = Arc::clone(&block);
            poll_fn(move |cx| {
                let mut block = block.lock().unwrap_or_else(PoisonError::into_inner);
                block.as_mut().poll(cx)
            })
        }));
    }
}

/// As a root it is not in the runtime's queue, whose worker may run what wakes the task meanwhile.
#[test]
fn refused_as_a_root_law_10() {
    if !checks_enabled() {
        return;
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let journal = Journal::new();
    let shared = block(&journal).boxed().shared();
    let rightful = runtime.spawn(shared.clone());
    runtime.block_on(journal.reached("enter db"));
    // The one worker is done with the poll that entered: a `Shared` that is being polled wakes only those that its future wakes.
    runtime.block_on(runtime.spawn(async {})).unwrap();
    let refused = std::panic::AssertUnwindSafe(shared).catch_unwind();
    assert!(runtime.block_on(refused).is_err());
    assert!(runtime.block_on(rightful).unwrap_err().is_panic());
}
