//! The database: SQLite, in a file of its own, through a pool of several connections. Neither the pool nor the folder is of a
//! type of ours, so the fields of the application say how they end.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

/// A new folder for the file.
pub(crate) async fn folder() -> io::Result<PathBuf> {
    let name = format!("lifespan-transaction-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    tokio::fs::create_dir(&folder).await?;
    Ok(folder)
}

pub(crate) async fn remove(folder: PathBuf) -> io::Result<()> {
    tokio::fs::remove_dir_all(folder).await
}

pub(crate) async fn open(folder: &Path) -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("orders.db"))
        .create_if_missing(true)
        // So that others can read while a transaction writes: they see what was there before it.
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new()
        .max_connections(3)
        .connect_with(options)
        .await?;
    sqlx::query("CREATE TABLE orders (item TEXT NOT NULL)")
        .execute(&pool)
        .await?;
    Ok(pool)
}

/// The orders that any connection sees.
pub(crate) async fn orders(pool: &SqlitePool) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("SELECT item FROM orders ORDER BY rowid")
        .fetch_all(pool)
        .await
}
