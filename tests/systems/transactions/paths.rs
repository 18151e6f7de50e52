//! Each way out of a scope: the transaction is committed if the body succeeded, and rolled back by the time the scope returns on
//! every other way (laws 2, 13); abandoned, it is rolled back by the scope around it, or by the time `drain` returns (laws
//! 3, 4).

use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use lifespan::{BoxError, Lifespan, Phase, cancellation::Canceller};
use sqlx::Error::BeginFailed;

use super::database::{Orders, TestDatabase};
use super::sqlite::Sqlite;
use super::{on_each_database, on_each_runtime, returned};

on_each_database!(
    the_body_returns,
    the_body_fails,
    the_body_panics,
    it_is_cancelled,
    it_times_out,
    it_loses_a_select,
    its_task_is_aborted,
    nothing_is_written,
    the_commit_is_refused,
    the_body_overlooks_an_error,
    one_writes_after_the_other,
);

async fn the_body_returns<D: TestDatabase>(database: D) {
    let seen_inside = database
        .transaction()
        .scope(async |tx| -> Result<_, BoxError> {
            tx.order("tea").await?;
            Ok(database.orders().await)
        })
        .await
        .unwrap();
    assert!(seen_inside.is_empty());
    assert_eq!(database.orders().await, ["tea"]);
    ended(&database, "commits");
}

async fn the_body_fails<D: TestDatabase>(database: D) {
    let error = database
        .transaction()
        .scope(async |tx| -> Result<(), BoxError> {
            tx.order("tea").await?;
            Err("sold out".into())
        })
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "sold out");
    assert!(database.orders().await.is_empty());
    ended(&database, "rolls back (failed)");
}

async fn the_body_panics<D: TestDatabase>(database: D) {
    let run = database.transaction().scope(async |tx| -> Result<(), BoxError> {
        tx.order("tea").await?;
        std::panic::resume_unwind(Box::new("stumbles"))
    });
    let panic = caught(run).await.unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"stumbles"));
    assert!(database.orders().await.is_empty());
    ended(&database, "rolls back (panicked)");
}

async fn it_is_cancelled<D: TestDatabase>(database: D) {
    let scope = lifespan::CancelScope::new();
    let canceller = scope.canceller();
    let run = database
        .transaction()
        .scope(async |tx| order_and_cancel(tx, &canceller).await);
    assert!(scope.run(run).await.is_cancelled());
    assert!(database.orders().await.is_empty());
    ended(&database, "rolls back (cancelled)");
}

async fn order_and_cancel(tx: &mut impl Orders, canceller: &Canceller) -> Result<(), BoxError> {
    tx.order("tea").await?;
    canceller.cancel();
    pending().await
}

async fn it_times_out<D: TestDatabase>(database: D) {
    let run = database.transaction().scope(async |tx| -> Result<(), BoxError> {
        tx.order("tea").await?;
        pending().await
    });
    let error = lifespan::timeout(Duration::from_millis(200), run).await.unwrap_err();
    assert!(error.is_timeout());
    assert!(database.orders().await.is_empty());
    // On a machine that is slow enough, it was never begun.
}

/// The scope around it adopts the exit and awaits it, before its own.
async fn it_loses_a_select<D: TestDatabase>(database: D) {
    let journal = database.journal();
    let around = Lifespan::new(
        async { Ok::<_, BoxError>(database.journal().clone()) },
        async |journal, _| journal_line(&journal, "exits"),
    );
    around
        .scope_ok(async |_| {
            let run = database.transaction().scope(async |tx| -> Result<(), BoxError> {
                tx.order("tea").await?;
                journal_line(journal, "has ordered");
                pending().await
            });
            tokio::select! {
                _ = run => unreachable!(),
                () = journal.reached("test has ordered") => {}
            }
        })
        .await
        .unwrap();
    assert!(database.orders().await.is_empty());
    journal.assert([
        "transaction has begun",
        "test has ordered",
        "transaction rolls back (abandoned)",
        "transaction has ended",
        "test exits",
    ]);
}

async fn its_task_is_aborted<D: TestDatabase>(database: D) {
    let (run, journal) = (database.transaction(), database.journal().clone());
    let task = tokio::spawn(run.scope(async move |tx| -> Result<(), BoxError> {
        tx.order("tea").await?;
        journal_line(&journal, "has ordered");
        pending().await
    }));
    database.journal().reached("test has ordered").await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(lifespan::drain().await.is_clean());
    // No connection has to be waited for: the rollback is over.
    assert_eq!(database.open_transactions().await, 0);
    assert!(database.orders().await.is_empty());
}

async fn nothing_is_written<D: TestDatabase>(database: D) {
    database.transaction().scope_ok(async |_| ()).await.unwrap();
    database.journal().assert([]);
}

/// It is the error of the exit, and the transaction is rolled back: on SQLite, one whose commit was refused is still open.
async fn the_commit_is_refused<D: TestDatabase>(database: D) {
    let error = database
        .transaction()
        .scope(async |tx| {
            tx.order("tea").await?;
            tx.promise("coffee").await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        })
        .await
        .unwrap_err();
    let error = error.downcast_ref::<lifespan::Error>().unwrap();
    assert_eq!(error.phase(), Phase::Exit);
    assert!(!matches!(
        error.primary().downcast_ref::<sqlx::Error>(),
        Some(BeginFailed) | None
    ));
    assert!(database.orders().await.is_empty());
    returned(&database).await;
    database.journal().assert(REFUSED);
}

const REFUSED: [&str; 4] = [
    "transaction has begun",
    "transaction commits",
    "transaction cannot commit, and rolls back",
    "transaction has ended",
];

/// Whoever is told that it went well finds the order. PostgreSQL has given the transaction up, whatever the body thinks of it, and
/// answers a mere `COMMIT` with a rollback that looks like a success.
async fn the_body_overlooks_an_error<D: TestDatabase>(database: D) {
    let told = database
        .transaction()
        .scope(async |tx| -> Result<(), BoxError> {
            tx.order("tea").await?;
            tx.order("tea").await.unwrap_err();
            Ok(())
        })
        .await;
    assert_eq!(told.is_ok(), D::FORGIVES, "{told:?}");
    if D::FORGIVES {
        assert_eq!(database.orders().await, ["tea"]);
        return;
    }
    let error = told.unwrap_err().downcast::<lifespan::Error>().unwrap();
    assert_eq!(error.phase(), Phase::Exit);
    assert!(database.orders().await.is_empty());
    database.journal().assert(REFUSED);
}

/// A statement may roll its transaction back on SQLite. Then there is nothing to commit, and the caller is told.
#[test]
fn the_body_overlooks_a_rollback_on_sqlite() {
    on_each_runtime(async |database: Sqlite| {
        let told = database
            .transaction()
            .scope(async |tx| -> Result<(), BoxError> {
                tx.order("tea").await?;
                let again = tx.run("INSERT OR ROLLBACK INTO orders VALUES ('tea')").await;
                again.unwrap_err();
                Ok(())
            })
            .await;
        let error = told.unwrap_err().downcast::<lifespan::Error>().unwrap();
        assert_eq!(error.phase(), Phase::Exit);
        assert!(database.orders().await.is_empty());
    });
}

async fn one_writes_after_the_other<D: TestDatabase>(database: D) {
    let database = database.with_connections(1).await;
    for item in ["cocoa", "milk", "tea"] {
        database
            .transaction()
            .scope(async |tx| -> Result<_, BoxError> { Ok(tx.order(item).await?) })
            .await
            .unwrap();
    }
    assert_eq!(database.orders().await, ["cocoa", "milk", "tea"]);
    assert_eq!(database.pool().size(), 1);
    super::settled(&database).await;
    database.pool().close().await;
}

fn ended<D: TestDatabase>(database: &D, how: &str) {
    database.journal().assert([
        "transaction has begun",
        &format!("transaction {how}"),
        "transaction has ended",
    ]);
}

fn journal_line(journal: &super::journal::Journal, what: &str) {
    journal.line("test", what);
}

/// What a future returns, or what it panics with.
async fn caught<T>(future: impl Future<Output = T>) -> std::thread::Result<T> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(
        |cx| match std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        },
    )
    .await
}
