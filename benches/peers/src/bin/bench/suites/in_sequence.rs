//! Resources that come one by one and exit in reverse, as many as there are.

use async_safe_defer::SendAsyncScope;
use lifespan::{ExitStack, Lifespan};

use crate::measure::{Measured, measured};
use crate::resource::{close, open, runtime};
use crate::suite::{Subject, Suite};

pub const SUITE: Suite = Suite {
    name: "in sequence",
    each: "resource",
    sizes: &[1, 10, 100, 1_000, 10_000, 100_000],
    counted: &[1_000, 10_000],
    subjects: &[
        Subject { name: "a Vec, no guarantee", run: vec },
        Subject { name: "async-safe-defer, returns only", run: defer },
        Subject { name: "lifespan::ExitStack", run: stack },
    ],
};

fn vec(n: usize) -> Measured {
    let runtime = runtime();
    measured(|| {
        runtime.block_on(async {
            let mut all = Vec::new();
            for i in 0..n as u64 {
                all.push(open(i).await.expect("it enters"));
            }
            while let Some(counter) = all.pop() {
                close(counter).await.expect("it exits");
            }
        });
    })
}

fn defer(n: usize) -> Measured {
    let runtime = runtime();
    measured(|| {
        runtime.block_on(async {
            let mut scope = SendAsyncScope::new();
            for i in 0..n as u64 {
                let counter = open(i).await.expect("it enters");
                scope.defer(|| async { close(counter).await.expect("it exits") });
            }
            scope.finish().await;
        });
    })
}

fn stack(n: usize) -> Measured {
    let runtime = runtime();
    measured(|| {
        let all = ExitStack::new().scope(async |stack| -> Result<(), lifespan::Error> {
            for i in 0..n as u64 {
                stack.enter(Lifespan::of(open(i))).await?;
            }
            Ok(())
        });
        runtime.block_on(all).expect("they exit");
    })
}
