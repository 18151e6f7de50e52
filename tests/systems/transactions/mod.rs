//! Transactions on real databases: the one of the example `transaction`, left in each way there is.
//!
//! Every test runs on SQLite, and on PostgreSQL if that is installed, each on a fresh database, on one thread and on several;
//! after each, [`settled`] asserts that nothing is left: no connection is checked out, none is in a transaction, no exit is
//! waited for. [`paths`] are the ways out of a scope, [`requests`] those of an HTTP handler, [`cuts`] drops or cancels at each
//! wait, and [`plain`] is what sqlx does alone.

mod cuts;
mod database;
mod journal;
mod paths;
mod plain;
mod postgres;
mod requests;
mod sqlite;
#[path = "../../../examples/transaction/transaction.rs"]
mod transaction;

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use database::TestDatabase;

/// For the day something hangs: a test takes less than a second, or the start of a server longer.
const LIMIT: Duration = Duration::from_secs(60);

/// Makes a test of each of these functions for each database.
macro_rules! on_each_database {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            use crate::transactions::{on_each_runtime, sqlite::Sqlite};
            $(#[test] fn $test() { on_each_runtime(super::$test::<Sqlite>); })*
        }
        mod postgres {
            use crate::transactions::{on_each_runtime, postgres::Postgres};
            $(#[test] fn $test() { on_each_runtime(super::$test::<Postgres>); })*
        }
    };
}
pub(crate) use on_each_database;

fn on_each_runtime<D: TestDatabase>(test: impl AsyncFn(D)) {
    for runtime in [one_thread(), several_threads()] {
        runtime.block_on(async {
            let run = async {
                let Some(database) = D::fresh().await else {
                    return;
                };
                test(database.clone()).await;
                settled(&database).await;
                database.pool().close().await;
            };
            timeout(LIMIT, run).await.expect("a test takes no minute");
        });
    }
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn several_threads() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Asserts that nothing is left.
async fn settled<D: TestDatabase>(database: &D) {
    let drained = lifespan::drain().await;
    assert_eq!(drained.waited_for().len(), 0, "{drained}");
    assert_eq!(drained.still_live().len(), 0, "{drained}");
    returned(database).await;
    assert_eq!(database.open_transactions().await, 0);
}

/// Waits until sqlx has taken its connections back, which it does in tasks of its own.
async fn returned<D: TestDatabase>(database: &D) {
    let pool = database.pool();
    let all_idle = async {
        while pool.num_idle() != pool.size() as usize {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), all_idle)
        .await
        .expect("every connection comes back");
}
