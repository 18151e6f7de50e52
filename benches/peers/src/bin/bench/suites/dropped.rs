//! The exit of what is dropped while its body waits. On a multi_thread runtime, since async-dropper blocks a worker; so only
//! the allocations of the dropping thread are seen.

use std::future::{Future, pending};
use std::sync::Arc;

use async_drop::{AsyncDropFuture, Dropper};
use async_dropper::{AsyncDrop, AsyncDropper};
use lifespan::{Exit, Lifespan};
use tokio::runtime::{Builder, Handle};
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use crate::measure::{Measured, measured};
use crate::resource::BoxError;
use crate::suite::{Subject, Suite};

pub const SUITE: Suite = Suite {
    name: "exit of what is dropped",
    each: "resource",
    sizes: &[1_000],
    counted: &[],
    subjects: &[
        Subject { name: "spawned by a guard", run: |n| dropped(n, spawned) },
        Subject { name: "lifespan, rescued", run: |n| dropped(n, rescued) },
        Subject { name: "async-dropper", run: |n| dropped(n, blocking) },
        Subject { name: "async-drop", run: |n| dropped(n, threaded) },
    ],
};

type Done = Arc<Semaphore>;

/// Each is polled until it waits, then dropped; then all exits are waited for.
fn dropped<F>(n: usize, held: fn(Done) -> F) -> Measured
where
    F: Future<Output = ()> + Send + 'static,
{
    // Each rescue is reported; standard error is not what is measured.
    lifespan::event::print_warnings(false);
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let done = Arc::new(Semaphore::new(0));
    measured(|| {
        runtime.block_on(async {
            for _ in 0..n {
                tokio::select! {
                    biased;
                    () = held(Arc::clone(&done)) => {}
                    () = std::future::ready(()) => {}
                }
            }
            let all = u32::try_from(n).expect("not so many");
            let _all = done.acquire_many(all).await;
        });
    })
}

async fn exit(done: &Done) {
    yield_now().await;
    done.add_permits(1);
}

async fn spawned(done: Done) {
    let _guard = scopeguard::guard(done, |done| {
        Handle::current().spawn(async move { exit(&done).await });
    });
    pending::<()>().await;
}

async fn rescued(done: Done) {
    let enter = async { Ok::<_, BoxError>(done) };
    let end = async |done: Done, _: &Exit| exit(&done).await;
    let body = async |_: &mut _| pending::<()>().await;
    let _ = Lifespan::new(enter, end).scope_ok(body).await;
}

#[derive(Default)]
struct Blocking(Option<Done>);

#[async_trait::async_trait]
impl AsyncDrop for Blocking {
    async fn async_drop(&mut self) {
        if let Some(done) = &self.0 {
            exit(done).await;
        }
    }
}

async fn blocking(done: Done) {
    let _dropper = AsyncDropper::new(Blocking(Some(done)));
    pending::<()>().await;
}

struct Threaded(Done);

impl async_drop::AsyncDrop for Threaded {
    fn async_drop(&mut self) -> AsyncDropFuture<'_> {
        Box::pin(async {
            exit(&self.0).await;
            Ok(())
        })
    }
}

async fn threaded(done: Done) {
    let _dropper = Dropper::new(Threaded(done));
    pending::<()>().await;
}
