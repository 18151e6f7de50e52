//! Resources side by side: all are entered, then all exit.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use lifespan::{Lifespan, ScopedResource};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_graceful_shutdown::{SubsystemBuilder, SubsystemHandle, Toplevel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::measure::{Measured, measured};
use crate::resource::{BoxError, close, connect, disconnect, open, runtime};
use crate::suite::{Subject, Suite};

const SIZES: &[usize] = &[1, 10, 100, 1_000, 10_000, 100_000];

/// Neither enter nor exit waits.
pub const READY: Suite = Suite {
    name: "in parallel, never waiting",
    each: "resource",
    sizes: SIZES,
    counted: &[1_000, 10_000],
    subjects: &[
        Subject { name: "futures::join_all", run: |n| futures(n, open, close) },
        Subject { name: "lifespan::join_all", run: |n| ours(n, open) },
    ],
};

/// Both wait once.
pub const WAITING: Suite = Suite {
    name: "in parallel, waiting once",
    each: "resource",
    sizes: SIZES,
    counted: &[1_000, 10_000],
    subjects: &[
        Subject { name: "futures::join_all", run: |n| futures(n, connect, disconnect) },
        Subject { name: "lifespan::join_all", run: |n| ours(n, connect) },
        Subject { name: "JoinSet", run: join_set },
        Subject { name: "TaskTracker and tokens", run: task_tracker },
        Subject { name: "tokio-graceful-shutdown", run: subsystems },
    ],
};

fn ours<R, F>(n: usize, enter: impl Fn(u64) -> F) -> Measured
where
    R: ScopedResource,
    F: Future<Output = Result<R, BoxError>> + Send + 'static,
{
    let runtime = runtime();
    measured(|| {
        let all = lifespan::join_all((0..n as u64).map(|i| Lifespan::of(enter(i))));
        runtime
            .block_on(all.scope_ok(async |all| all.len()))
            .expect("they exit")
    })
}

fn futures<R, F, G>(n: usize, enter: impl Fn(u64) -> F, exit: impl Fn(R) -> G) -> Measured
where
    F: Future<Output = Result<R, BoxError>>,
    G: Future<Output = Result<(), BoxError>>,
{
    let runtime = runtime();
    measured(|| {
        runtime.block_on(async {
            let all = try_join_all((0..n as u64).map(&enter)).await.expect("they enter");
            for exited in join_all(all.into_iter().map(&exit)).await {
                exited.expect("they exit");
            }
        });
    })
}

/// A task for each enter, then one for each exit.
fn join_set(n: usize) -> Measured {
    let runtime = runtime();
    measured(|| {
        runtime.block_on(async {
            let entering: JoinSet<_> = (0..n as u64).map(connect).collect();
            let all = entering.join_all().await;
            let all = all.into_iter().map(|it| disconnect(it.expect("it enters")));
            for exited in all.collect::<JoinSet<_>>().join_all().await {
                exited.expect("it exits");
            }
        });
    })
}

/// A task for each, which waits for its token.
fn task_tracker(n: usize) -> Measured {
    let runtime = runtime();
    measured(|| {
        runtime.block_on(async {
            let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
            let entered = Arc::new(Semaphore::new(0));
            for i in 0..n as u64 {
                let (token, entered) = (token.child_token(), Arc::clone(&entered));
                tracker.spawn(async move {
                    let connection = connect(i).await.expect("it enters");
                    entered.add_permits(1);
                    token.cancelled().await;
                    disconnect(connection).await.expect("it exits");
                });
            }
            let _all = entered.acquire_many(permits(n)).await;
            token.cancel();
            tracker.close();
            tracker.wait().await;
        });
    })
}

/// A subsystem for each, which waits for the shutdown.
fn subsystems(n: usize) -> Measured {
    let runtime = runtime();
    measured(|| {
        runtime.block_on(async {
            let root = async move |root: &mut SubsystemHandle| {
                let entered = Arc::new(Semaphore::new(0));
                for i in 0..n as u64 {
                    let entered = Arc::clone(&entered);
                    let run = async move |handle: &mut SubsystemHandle| {
                        let connection = connect(i).await?;
                        entered.add_permits(1);
                        handle.on_shutdown_requested().await;
                        disconnect(connection).await
                    };
                    root.start(SubsystemBuilder::new("connection", run));
                }
                let _all = entered.acquire_many(permits(n)).await;
                root.request_shutdown();
            };
            let all = Toplevel::<BoxError>::new(root);
            all.handle_shutdown_requests(Duration::from_mins(1))
                .await
                .expect("they exit");
        });
    })
}

fn permits(n: usize) -> u32 {
    u32::try_from(n).expect("not so many")
}
