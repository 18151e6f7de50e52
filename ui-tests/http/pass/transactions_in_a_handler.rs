//! What to write in a handler for a type from another crate that mentions a lifetime, as `Transaction<'static, _>` does (see
//! `fail`): a type of one's own without one, or a plain `fn` that gives the scope.

use std::future::Future;

use axum::extract::State;
use axum::routing::post;
use axum::Router;
use lifespan::{scoped_resource, Exit, Lifespan};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Sqlite, SqlitePool, Transaction};

#[derive(Debug)]
struct AppError(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for AppError {
    fn from(error: E) -> Self {
        AppError(error.into())
    }
}

impl lifespan::Failure for AppError {}

impl axum::response::IntoResponse for AppError {
    fn into_response(self) -> axum::response::Response {
        self.0.to_string().into_response()
    }
}

struct Tx(Transaction<'static, Sqlite>);

#[scoped_resource]
impl Tx {
    #[enter]
    async fn begin(pool: &SqlitePool) -> sqlx::Result<Self> {
        Ok(Tx(pool.begin().await?))
    }

    #[exit]
    async fn end(self, exit: &Exit) -> sqlx::Result<()> {
        if exit.is_clean() {
            self.0.commit().await
        } else {
            self.0.rollback().await
        }
    }
}

async fn with_a_type_of_its_own(State(pool): State<SqlitePool>) -> Result<String, AppError> {
    let id = Tx::begin(&pool)
        .scope(async |tx| -> Result<i64, AppError> {
            let row = sqlx::query("insert into orders default values");
            Ok(row.execute(&mut *tx.0).await?.last_insert_rowid())
        })
        .await?;
    Ok(id.to_string())
}

/// Not an `async fn`, and no `async` block around the scope.
fn ordered(pool: &SqlitePool) -> impl Future<Output = Result<i64, AppError>> + Send + '_ {
    Lifespan::new(pool.begin(), async |tx: Transaction<'static, Sqlite>, exit| {
        if exit.is_clean() {
            tx.commit().await
        } else {
            tx.rollback().await
        }
    })
    .scope(async |tx| -> Result<i64, AppError> {
        let row = sqlx::query("insert into orders default values");
        Ok(row.execute(&mut ***tx).await?.last_insert_rowid())
    })
}

async fn with_a_plain_function(State(pool): State<SqlitePool>) -> Result<String, AppError> {
    Ok(ordered(&pool).await?.to_string())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    sqlx::query("create table orders (id integer primary key)").execute(&pool).await?;
    let _: Router = Router::new()
        .route("/own", post(with_a_type_of_its_own))
        .route("/plain", post(with_a_plain_function))
        .with_state(pool.clone());
    assert_eq!(with_a_type_of_its_own(State(pool.clone())).await.unwrap(), "1");
    assert_eq!(with_a_plain_function(State(pool.clone())).await.unwrap(), "2");
    tokio::spawn(with_a_plain_function(State(pool))).await?.unwrap();
    Ok(())
}
