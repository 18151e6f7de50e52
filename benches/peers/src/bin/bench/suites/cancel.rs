//! From a cancellation to the last exit: so many leaves wait, each with a resource; they are cancelled, and each exits. Beside
//! it a tree of `CancellationToken`s, whose leaves do the same exits.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::stream::{FuturesUnordered, StreamExt};
use lifespan::{CancelScope, Lifespan, TaskGroup};
use tokio::task::{JoinSet, yield_now};
use tokio_util::sync::CancellationToken;

use crate::measure::{Measured, measured};
use crate::resource::{BoxError, connect, disconnect, runtime};
use crate::suite::{Subject, Suite};

const SIZES: &[usize] = &[10, 100, 1_000, 10_000];

/// All leaves in one task.
pub const ONE_TASK: Suite = Suite {
    name: "cancel, leaves in one task",
    each: "leaf",
    sizes: SIZES,
    counted: &[1_000, 10_000],
    subjects: &[
        Subject { name: "tokens", run: |n| cancelled(n, tokens) },
        Subject { name: "lifespan::CancelScope", run: |n| cancelled(n, scopes) },
    ],
};

/// The same, under three levels of cancel scopes or tokens with ten below each.
pub const TREE: Suite = Suite {
    name: "cancel, a tree of fan-out 10",
    each: "leaf",
    sizes: &[1_000, 10_000],
    counted: &[1_000, 10_000],
    subjects: &[
        Subject { name: "tokens", run: |n| cancelled(n, token_tree) },
        Subject { name: "lifespan::CancelScope", run: |n| cancelled(n, scope_tree) },
    ],
};

/// A task for each.
pub const TASKS: Suite = Suite {
    name: "cancel, a task for each leaf",
    each: "leaf",
    sizes: SIZES,
    counted: &[1_000, 10_000],
    subjects: &[
        Subject { name: "JoinSet and tokens", run: |n| cancelled(n, token_tasks) },
        Subject { name: "lifespan::TaskGroup", run: |n| cancelled(n, group) },
    ],
};

type All = Pin<Box<dyn Future<Output = ()>>>;
type Cancel = Box<dyn FnOnce()>;

/// How many leaves have entered.
static ENTERED: AtomicUsize = AtomicUsize::new(0);

/// Lets all leaves enter, then measures.
fn cancelled(n: usize, all: fn(usize) -> (All, Cancel)) -> Measured {
    ENTERED.store(0, Ordering::Relaxed);
    let runtime = runtime();
    let (mut all, cancel) = all(n);
    let mut cancel = Some(cancel);
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = &mut all => unreachable!("its leaves wait"),
            () = entered(n) => {}
        }
    });
    measured(|| {
        cancel.take().expect("once")();
        runtime.block_on(&mut all);
    })
}

async fn entered(n: usize) {
    while ENTERED.load(Ordering::Relaxed) < n {
        yield_now().await;
    }
}

/// The body of each leaf.
async fn wait() {
    ENTERED.fetch_add(1, Ordering::Relaxed);
    pending::<()>().await;
}

async fn token_leaf(i: u64, token: CancellationToken) {
    let connection = connect(i).await.expect("it enters");
    token.run_until_cancelled(wait()).await;
    disconnect(connection).await.expect("it exits");
}

async fn scope_leaf(i: u64) {
    let _ = Lifespan::of(connect(i)).scope_ok(async |_| wait().await).await;
}

fn tokens(n: usize) -> (All, Cancel) {
    let token = CancellationToken::new();
    let canceller = token.clone();
    let leaf = move |i| token_leaf(i, token.child_token());
    let all = each(n, leaf);
    (Box::pin(all), Box::new(move || canceller.cancel()))
}

fn scopes(n: usize) -> (All, Cancel) {
    let scope = CancelScope::new();
    let canceller = scope.canceller();
    let all = async move {
        let _ = scope.run(each(n, scope_leaf)).await;
    };
    (Box::pin(all), Box::new(move || _ = canceller.cancel()))
}

/// Polls only what was woken.
async fn each<F: Future<Output = ()>>(n: usize, leaf: impl Fn(u64) -> F) {
    let mut all: FuturesUnordered<_> = (0..n as u64).map(leaf).collect();
    while let Some(()) = all.next().await {}
}

fn token_tree(n: usize) -> (All, Cancel) {
    let token = CancellationToken::new();
    let all = token_branch(n, token.clone());
    (all, Box::new(move || token.cancel()))
}

fn token_branch(n: usize, token: CancellationToken) -> All {
    Box::pin(async move {
        if n <= 1 {
            return token_leaf(0, token).await;
        }
        let branches = (0..10).map(|_| token_branch(n / 10, token.child_token()));
        branches.collect::<FuturesUnordered<_>>().collect::<()>().await;
    })
}

fn scope_tree(n: usize) -> (All, Cancel) {
    let scope = CancelScope::new();
    let canceller = scope.canceller();
    let all = async move {
        let _ = scope.run(scope_branch(n)).await;
    };
    (Box::pin(all), Box::new(move || _ = canceller.cancel()))
}

fn scope_branch(n: usize) -> All {
    Box::pin(async move {
        if n <= 1 {
            return scope_leaf(0).await;
        }
        let branches = (0..10).map(|_| async {
            let _ = CancelScope::new().run(scope_branch(n / 10)).await;
        });
        branches.collect::<FuturesUnordered<_>>().collect::<()>().await;
    })
}

fn token_tasks(n: usize) -> (All, Cancel) {
    let token = CancellationToken::new();
    let canceller = token.clone();
    let all = async move {
        let leaves = (0..n as u64).map(|i| token_leaf(i, token.child_token()));
        leaves.collect::<JoinSet<_>>().join_all().await;
    };
    (Box::pin(all), Box::new(move || canceller.cancel()))
}

fn group(n: usize) -> (All, Cancel) {
    let scope = CancelScope::new();
    let canceller = scope.canceller();
    let all = async move {
        let group = TaskGroup::new().scope(async |group| -> Result<(), lifespan::Error> {
            for i in 0..n as u64 {
                group.spawn(async move {
                    scope_leaf(i).await;
                    Ok::<(), BoxError>(())
                });
            }
            pending().await
        });
        let _ = scope.run(group).await;
    };
    (Box::pin(all), Box::new(move || _ = canceller.cancel()))
}
