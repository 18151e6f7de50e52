//! `async-safe-defer`: the exit is deferred, and runs if the body returns or errs; a panic or a drop discards it.

use std::cell::RefCell;

use async_safe_defer::async_scope;
use scope_cost::{BoxError, close, open, work};

async fn scope(n: u64) -> Result<u64, BoxError> {
    // Both the body and what is deferred use it.
    let counter = RefCell::new(Some(open(n).await?));
    async_scope!(scope, {
        scope.defer(|| async {
            if let Some(counter) = counter.take() {
                // What is deferred cannot fail.
                let _ = close(counter).await;
            }
        });
        let mut counter = counter.borrow_mut();
        Ok(work(counter.as_mut().expect("it is open")).await)
    })
    .await
}

fn main() {
    scope_cost::main(async |n| scope(n).await.unwrap());
}
