//! SQLite, in a file of a folder of its own.

use std::sync::Arc;

use lifespan::{Enter, Lifespan};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{Executor, SqliteConnection, SqlitePool};
use tempfile::TempDir;

use super::database::{CONNECTIONS, ORDER, ORDERS, TABLES, TestDatabase, orders_on};
use super::journal::Journal;
use super::transaction::Transaction;

#[derive(Clone)]
pub(crate) struct Sqlite {
    pool: SqlitePool,
    journal: Journal,
    folder: Arc<TempDir>,
}

orders_on!(sqlx::Sqlite);

impl Sqlite {
    async fn open(folder: Arc<TempDir>, connections: u32) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("orders.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let pool = SqlitePoolOptions::new().max_connections(connections);
        Sqlite {
            pool: pool.connect_with(options).await.unwrap(),
            journal: Journal::default(),
            folder,
        }
    }
}

impl TestDatabase for Sqlite {
    type Driver = sqlx::Sqlite;
    type Transaction = Transaction<sqlx::Sqlite>;
    type Server = ();

    const SLOW: &str =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n";

    const FORGIVES: bool = true;

    fn server() -> Option<()> {
        Some(())
    }

    async fn fresh((): ()) -> Self {
        let database = Sqlite::open(Arc::new(TempDir::new().unwrap()), CONNECTIONS).await;
        for table in TABLES {
            database.pool.execute(table).await.unwrap();
        }
        database
    }

    async fn with_connections(&self, connections: u32) -> Self {
        Sqlite::open(Arc::clone(&self.folder), connections).await
    }

    fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    fn journal(&self) -> &Journal {
        &self.journal
    }

    #[track_caller]
    fn transaction(&self) -> Lifespan<Self::Transaction, impl Enter<Self::Transaction> + Send + 'static> {
        Transaction::on(self.pool.clone(), self.journal.clone())
    }

    async fn orders(&self) -> Vec<String> {
        sqlx::query_scalar(ORDERS).fetch_all(&self.pool).await.unwrap()
    }

    /// One that is in a transaction refuses to begin another.
    async fn open_transactions(&self) -> usize {
        let mut connections = Vec::new();
        for _ in 0..self.pool.size() {
            connections.push(self.pool.acquire().await.unwrap());
        }
        let mut open = 0;
        for connection in &mut connections {
            match connection.execute("BEGIN").await {
                Ok(_) => drop(connection.execute("ROLLBACK").await.unwrap()),
                Err(_) => open += 1,
            }
        }
        open
    }

    async fn forget_orders(&self) {
        let forget = "DELETE FROM orders";
        self.pool.execute(forget).await.unwrap();
    }

    async fn insert(connection: &mut SqliteConnection, item: &str) -> sqlx::Result<()> {
        let order = sqlx::query(ORDER).bind(item);
        order.execute(connection).await.map(drop)
    }

    async fn run(connection: &mut SqliteConnection, statement: &'static str) -> sqlx::Result<()> {
        connection.execute(statement).await.map(drop)
    }
}
