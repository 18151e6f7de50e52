//! Scopes with a trivial body inside of a cancel scope, or of several around one another.

use std::future::Future;
use std::pin::Pin;

use lifespan::{CancelScope, Lifespan};

use crate::measure::{Measured, measured};
use crate::resource::{open, runtime};
use crate::suite::{Subject, Suite};

pub const SUITE: Suite = Suite {
    name: "scope inside a cancel scope",
    each: "scope",
    sizes: &[10_000],
    counted: &[10_000],
    subjects: &[
        Subject { name: "lifespan, no cancel scope", run: |n| at_depth(0, n) },
        Subject { name: "lifespan, depth 1", run: |n| at_depth(1, n) },
        Subject { name: "lifespan, depth 8", run: |n| at_depth(8, n) },
        Subject { name: "lifespan, depth 64", run: |n| at_depth(64, n) },
    ],
};

fn at_depth(depth: usize, n: usize) -> Measured {
    let runtime = runtime();
    measured(|| runtime.block_on(inside(depth, n)))
}

fn inside(depth: usize, n: usize) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            return scopes(n as u64).await;
        }
        let _ = CancelScope::new().run(inside(depth - 1, n)).await;
    })
}

async fn scopes(n: u64) {
    for i in 0..n {
        let counter = Lifespan::of(open(i));
        counter.scope_ok(async |it| it.0 += 1).await.expect("it exits");
    }
}
