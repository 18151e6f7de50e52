//! Transactions on real databases: the one of the example `transaction`, left in each way there is.
//!
//! Every test runs on SQLite, and on PostgreSQL if that is installed, each on a fresh database, on one thread and on several;
//! after each, [`settled`] asserts that nothing is left: no task, no connection that is checked out, none that is in a
//! transaction, no exit to wait for; [`files`], that no file descriptor is. [`paths`] are the ways out of a scope, [`requests`] those
//! of an HTTP handler, [`stops`] is the end of its server, [`cuts`] drops or cancels at each wait, and [`plain`] is what sqlx does
//! alone.

mod cuts;
mod database;
mod files;
mod journal;
mod paths;
mod plain;
mod postgres;
mod requests;
mod sqlite;
mod stops;
#[path = "../../../examples/transaction/transaction.rs"]
mod transaction;

use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::{sleep, timeout};

use crate::limit::limited;
use database::TestDatabase;
use files::Files;

/// What others do on their own is done by then, and looked at so often.
const SOON: Duration = Duration::from_secs(10);
const A_MOMENT: Duration = Duration::from_millis(1);

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
        on_runtime(&runtime, &test);
    }
}

fn on_runtime<D: TestDatabase>(runtime: &Runtime, test: impl AsyncFn(D)) {
    if let Some(server) = D::server() {
        runtime.block_on(limited("a test", on_fresh(server, test)));
    }
}

async fn on_fresh<D: TestDatabase>(server: D::Server, test: impl AsyncFn(D)) {
    let files = Files::open();
    let database = D::fresh(server).await;
    let tasks = tasks();
    test(database.clone()).await;
    gone(tasks).await;
    settled(&database).await;
    database.pool().close().await;
    drop(database);
    files.closed().await;
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
    no_transaction_is_open(database).await;
}

/// Waits for it: PostgreSQL takes its time to notice that a connection is closed. A transaction that nobody ends stays open for
/// ever.
async fn no_transaction_is_open<D: TestDatabase>(database: &D) {
    let wait = async {
        while database.open_transactions().await > 0 {
            sleep(A_MOMENT).await;
        }
    };
    timeout(SOON, wait).await.expect("no transaction stays open");
}

/// Waits until sqlx has taken its connections back, which it does in tasks of its own.
async fn returned<D: TestDatabase>(database: &D) {
    let pool = database.pool();
    become_true(|| pool.num_idle() == pool.size() as usize).await;
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Waits until no more than these tasks are left: axum may have stopped before all of its tasks have returned.
async fn gone(tasks_before: usize) {
    become_true(|| tasks() <= tasks_before).await;
}

/// What sqlx and axum do on their own tells nobody when it is done.
async fn become_true(mut condition: impl FnMut() -> bool) {
    let wait = async {
        while !condition() {
            sleep(A_MOMENT).await;
        }
    };
    timeout(SOON, wait).await.expect("nothing is left for long");
}
