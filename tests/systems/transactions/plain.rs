//! What sqlx 0.9.0 does alone when a future is dropped while it waits, beside the same with the transaction of the example. What
//! goes wrong is asserted as it is, so that these tests tell when that has changed.
//!
//! - On PostgreSQL, a `begin` that is cut short leaves the connection in a transaction that sqlx does not know of, and the pool
//!   hands it out: what is written there is lost (sqlx 0.9.0; mended since). On SQLite it is undone by
//!   sqlx's worker.
//! - On both, a `begin` inside of a transaction (a savepoint) that is cut short ends the transaction around it, and nobody is
//!   told: what was written is lost, and what is written after that is committed at once.
//! - A transaction that is dropped is rolled back, but nobody can wait for that: on PostgreSQL its locks stay until the runtime
//!   has run a task of sqlx's; on SQLite, until a thread of sqlx's has come to it.
//!
//! - On PostgreSQL, the commit of a transaction in which a statement has failed is a rollback, and is said to have gone well.
//!
//! What does not go wrong any more, at no wait: a connection whose transaction is dropped in a statement or in its commit is not
//! handed out before the rollback.

use std::future::pending;
use std::thread;

use lifespan::BoxError;
use sqlx::{Connection, Database, Executor};

use super::cuts::{MOST, cut_after};
use super::database::{Orders, TestDatabase};
use super::postgres::Postgres;
use super::sqlite::Sqlite;
use super::{no_transaction_is_open, on_each_database, on_each_runtime, one_thread, returned};

on_each_database!(
    ours_is_cut_short_anywhere,
    ours_is_cut_short_in_a_savepoint,
    plain_is_cut_short_in_a_statement,
    plain_is_cut_short_in_its_commit,
    plain_is_cut_short_in_a_savepoint,
);

/// How many times, dropped after each number of waits, `run` has left the only connection of a pool in a transaction though
/// that is back in the pool. It returns whether it has completed.
async fn poisoned<D: TestDatabase>(database: &D, run: impl AsyncFn(&D, usize) -> bool) -> usize {
    let mut poisoned = 0;
    for waits in 0..MOST {
        let one = database.with_connections(1).await;
        let completed = run(&one, waits).await;
        let _ = lifespan::drain().await;
        returned(&one).await;
        // A connection that was closed is in nobody's way, and its transaction ends with it.
        if one.pool().num_idle() > 0 {
            poisoned += one.open_transactions().await;
        }
        one.pool().close().await;
        // Or the next round would take it for its own.
        no_transaction_is_open(database).await;
        if completed {
            return poisoned;
        }
    }
    panic!("more than {MOST} waits");
}

async fn ours<D: TestDatabase>(database: &D, waits: usize) -> bool {
    let run = database.transaction();
    let run = run.scope(async |tx| -> Result<(), BoxError> {
        tx.order("tea").await?;
        Err("sold out".into())
    });
    cut_after(waits, run).await.is_some()
}

#[test]
fn plain_is_cut_short_as_it_begins_on_postgres() {
    on_each_runtime(async |database: Postgres| {
        let (open, orders) = after_a_cut_begin(&database).await;
        assert_eq!(open, 1);
        assert!(orders.is_empty());
    });
}

#[test]
fn plain_is_cut_short_as_it_begins_on_sqlite() {
    on_each_runtime(async |database: Sqlite| {
        let (open, orders) = after_a_cut_begin(&database).await;
        assert_eq!(open, 0);
        assert_eq!(orders, ["tea"]);
    });
}

/// Whether the connection is in a transaction when it is back in its pool; and which orders there are after somebody else has
/// written one on it, `tea`, and was told that all is well.
async fn after_a_cut_begin<D: TestDatabase>(database: &D) -> (usize, Vec<String>) {
    let one = database.with_connections(1).await;
    let mut connection = one.pool().acquire().await.unwrap();
    keep_busy::<D>(&mut connection).await;
    assert!(cut_after(1, connection.begin()).await.is_none());
    drop(connection);
    returned(&one).await;
    let open = one.open_transactions().await;

    let mut connection = one.pool().acquire().await.unwrap();
    D::insert(&mut connection, "tea").await.unwrap();
    drop(connection);
    one.pool().close().await;
    no_transaction_is_open(database).await;
    (open, database.orders().await)
}

async fn ours_is_cut_short_anywhere<D: TestDatabase>(database: D) {
    assert_eq!(poisoned(&database, ours).await, 0);
}

async fn plain_is_cut_short_in_a_statement<D: TestDatabase>(database: D) {
    let run = async |database: &D, waits| {
        let mut transaction = database.pool().begin().await.unwrap();
        let order = D::insert(&mut transaction, "tea");
        cut_after(waits, order).await.is_some()
    };
    assert_eq!(poisoned(&database, run).await, 0);
    assert!(database.orders().await.is_empty());
}

async fn plain_is_cut_short_in_its_commit<D: TestDatabase>(database: D) {
    let run = async |database: &D, waits| {
        let mut transaction = database.pool().begin().await.unwrap();
        D::insert(&mut transaction, "tea").await.unwrap();
        let completed = cut_after(waits, transaction.commit()).await.is_some();
        returned(database).await;
        database.forget_orders().await;
        completed
    };
    assert_eq!(poisoned(&database, run).await, 0);
}

/// The transaction around it is gone, though it can be used: `tea` is lost, and `milk` is there although nobody commits it.
async fn plain_is_cut_short_in_a_savepoint<D: TestDatabase>(database: D) {
    let mut around = database.pool().begin().await.unwrap();
    D::insert(&mut around, "tea").await.unwrap();
    keep_busy::<D>(&mut around).await;
    assert!(cut_after(1, around.begin()).await.is_none());
    D::insert(&mut around, "milk").await.unwrap();
    around.rollback().await.unwrap();
    assert_eq!(database.orders().await, ["milk"]);
}

/// A savepoint is a statement like any other. What it is made of is cut short, and nothing else.
async fn ours_is_cut_short_in_a_savepoint<D: TestDatabase>(database: D) {
    let run = database.transaction();
    let run = run.scope(async |tx| -> Result<(), BoxError> {
        tx.order("tea").await?;
        assert!(cut_after(1, tx.run(D::SLOW)).await.is_none());
        assert!(cut_after(1, tx.run("SAVEPOINT inside")).await.is_none());
        tx.order("milk").await?;
        Err("sold out".into())
    });
    run.await.unwrap_err();
    assert!(database.orders().await.is_empty());
}

/// The database has given the transaction up, rolls it back, and says so; who commits it is told that all is well.
#[test]
fn plain_takes_a_rollback_for_a_commit_on_postgres() {
    on_each_runtime(async |database: Postgres| {
        let mut transaction = database.pool().begin().await.unwrap();
        Postgres::insert(&mut transaction, "tea").await.unwrap();
        Postgres::insert(&mut transaction, "tea").await.unwrap_err();
        transaction.commit().await.unwrap();
        assert!(database.orders().await.is_empty());
    });
}

/// Leaves a connection with a statement that takes its time, so that whatever comes next has to wait.
async fn keep_busy<D: TestDatabase>(connection: &mut <D::Driver as Database>::Connection) {
    assert!(cut_after(1, D::run(connection, D::SLOW)).await.is_none());
}

/// On one thread, which sqlx's task does not get while the test has it.
#[test]
fn plain_keeps_its_locks_when_it_is_dropped() {
    let Some(server) = Postgres::server() else {
        return;
    };
    one_thread().block_on(async {
        let database = Postgres::fresh(server).await;
        let mut transaction = database.pool().begin().await.unwrap();
        Postgres::insert(&mut transaction, "tea").await.unwrap();
        drop(transaction);
        assert!(is_locked(&database, "tea"), "rolled back by somebody");
        returned(&database).await;
        assert!(!is_locked(&database, "tea"));
        database.pool().close().await;
    });
}

/// When `drain` returns, the rollback is over.
#[test]
fn ours_keeps_no_locks_when_it_is_dropped() {
    let Some(server) = Postgres::server() else {
        return;
    };
    one_thread().block_on(async {
        let database = Postgres::fresh(server).await;
        let mut run = Box::pin(database.transaction().scope(async |tx| {
            tx.order("tea").await?;
            database.journal().line("test", "has ordered");
            pending::<Result<(), BoxError>>().await
        }));
        tokio::select! {
            _ = &mut run => unreachable!(),
            () = database.journal().reached("test has ordered") => {}
        }
        assert!(is_locked(&database, "tea"));
        drop(run);
        assert!(lifespan::drain().await.is_clean());
        assert!(!is_locked(&database, "tea"));
        database.pool().close().await;
    });
}

/// Whether an order for this item has to wait for another, as somebody sees it who does not let the tasks of this thread run.
fn is_locked(database: &Postgres, item: &str) -> bool {
    let look = async {
        let mut connection = database.connect().await;
        for statement in ["SET lock_timeout = '100ms'", "BEGIN"] {
            connection.execute(statement).await.unwrap();
        }
        let locked = Postgres::insert(&mut connection, item).await.is_err();
        connection.close().await.unwrap();
        locked
    };
    thread::scope(|scope| {
        let look = scope.spawn(|| one_thread().block_on(look));
        look.join().unwrap()
    })
}
