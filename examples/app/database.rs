//! The database: SQLite, in memory, through a pool. It has an async end, but is no type of ours, so the field says how it ends.

use lifespan::Exit;
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;

pub(crate) async fn open(url: &str) -> sqlx::Result<SqlitePool> {
    // Each connection to a database in memory would have one of its own.
    let pool = SqlitePoolOptions::new().max_connections(1).connect(url).await?;
    for statement in [
        "CREATE TABLE words (language TEXT PRIMARY KEY, hello TEXT NOT NULL, asked INTEGER NOT NULL DEFAULT 0)",
        "INSERT INTO words (language, hello) VALUES ('de', 'hallo'), ('fr', 'bonjour'), ('it', 'ciao')",
    ] {
        sqlx::query(statement).execute(&pool).await?;
    }
    Ok(pool)
}

pub(crate) async fn close(pool: SqlitePool, _: &Exit) {
    pool.close().await;
}
