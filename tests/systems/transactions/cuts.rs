//! A transaction that is dropped, or cancelled, at each of its waits: while it enters, as it begins, in its statements, as it
//! commits. Whichever it was, nobody gets a connection that is in a transaction, and an order is there whole or not at all.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use lifespan::{BoxError, CancelScope};

use super::database::{Orders, TestDatabase};
use super::{no_transaction_is_open, on_each_database, returned};

on_each_database!(it_is_dropped_anywhere, it_is_cancelled_anywhere);

/// More waits than there are.
pub(super) const MOST: usize = 1000;

async fn it_is_dropped_anywhere<D: TestDatabase>(database: D) {
    let database = database.with_connections(1).await;
    for waits in 0..MOST {
        let both = names(waits);
        let completed = cut_after(waits, order_both(&database, both.clone())).await;
        // The exits that were under way go on as what sqlx makes of them; the others are rescued.
        let _ = lifespan::drain().await;
        all_or_nothing(&database, both, completed.is_some()).await;
        if completed.is_some() {
            assert!(waits > 0); // how many depends on how fast the database answers
            return database.pool().close().await;
        }
    }
    panic!("more than {MOST} waits");
}

async fn it_is_cancelled_anywhere<D: TestDatabase>(database: D) {
    let database = database.with_connections(1).await;
    for waits in 0..MOST {
        let both = names(waits);
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let mut run = pin!(scope.run(order_both(&database, both.clone())));
        let completed = cut_after(waits, run.as_mut()).await;
        let ended = completed.is_some();
        let outcome = if let Some(outcome) = completed {
            outcome
        } else {
            canceller.cancel();
            run.await
        };
        let committed = matches!(outcome.into_result(), Ok(Ok(())));
        all_or_nothing(&database, both, committed).await;
        if ended {
            assert!(waits > 0); // how many depends on how fast the database answers
            return database.pool().close().await;
        }
    }
    panic!("more than {MOST} waits");
}

fn names(number: usize) -> [String; 2] {
    [format!("one {number}"), format!("two {number}")]
}

async fn order_both<D: TestDatabase>(database: &D, both: [String; 2]) -> Result<(), BoxError> {
    database
        .transaction()
        .scope(async |tx| {
            for item in &both {
                tx.order(item).await?;
            }
            Ok(())
        })
        .await
}

/// Asserts that both orders are there, or neither, and that the pool has nothing to hide.
async fn all_or_nothing<D: TestDatabase>(database: &D, both: [String; 2], committed: bool) {
    returned(database).await;
    no_transaction_is_open(database).await;
    let orders = database.orders().await;
    let there = both.map(|order| orders.contains(&order));
    assert_eq!(there[0], there[1], "by halves: {orders:?}");
    assert!(there[0] || !committed, "lost: {orders:?}");
}

/// Polls a future until it has waited so many times.
pub(super) async fn cut_after<F: Future>(waits: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut waited = 0;
    poll_fn(|cx| {
        if waited == waits {
            return Poll::Ready(None);
        }
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => {
                waited += 1;
                if waited == waits {
                    return Poll::Ready(None);
                }
                Poll::Pending
            }
        }
    })
    .await
}
