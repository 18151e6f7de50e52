//! What nested scopes cost a body that yields often: each poll goes through all of them.

use std::future::Future;
use std::pin::Pin;

use lifespan::{CancelScope, Lifespan};
use tokio::task::yield_now;

use crate::measure::{Measured, measured};
use crate::resource::{close, open, runtime};
use crate::suite::{Subject, Suite};

pub const SUITE: Suite = Suite {
    name: "a body that yields",
    each: "yield",
    sizes: &[10_000],
    counted: &[10_000],
    subjects: &[
        Subject { name: "plain, depth 1", run: |n| yields(plain(1, n)) },
        Subject { name: "lifespan, depth 1", run: |n| yields(scoped(1, n)) },
        Subject { name: "plain, depth 8", run: |n| yields(plain(8, n)) },
        Subject { name: "lifespan, depth 8", run: |n| yields(scoped(8, n)) },
        Subject { name: "plain, depth 64", run: |n| yields(plain(64, n)) },
        Subject { name: "lifespan, depth 64", run: |n| yields(scoped(64, n)) },
        Subject {
            name: "lifespan, depth 64, in a cancel scope",
            run: |n| yields(cancellable(scoped(64, n))),
        },
    ],
};

type Nested = Pin<Box<dyn Future<Output = ()> + Send>>;

fn yields(mut nested: Nested) -> Measured {
    let runtime = runtime();
    measured(|| runtime.block_on(&mut nested))
}

fn cancellable(nested: Nested) -> Nested {
    Box::pin(async move { _ = CancelScope::new().run(nested).await })
}

async fn body(n: usize) {
    for _ in 0..n {
        yield_now().await;
    }
}

fn plain(depth: usize, n: usize) -> Nested {
    Box::pin(async move {
        if depth == 0 {
            return body(n).await;
        }
        let counter = open(0).await.expect("it enters");
        plain(depth - 1, n).await;
        close(counter).await.expect("it exits");
    })
}

fn scoped(depth: usize, n: usize) -> Nested {
    Box::pin(async move {
        if depth == 0 {
            return body(n).await;
        }
        let counter = Lifespan::of(open(0));
        let inside = counter.scope_ok(async |_| scoped(depth - 1, n).await);
        inside.await.expect("it exits");
    })
}
