//! A named body over a type that mentions a lifetime, in a handler: see `pass`.

use axum::extract::State;
use axum::routing::post;
use axum::Router;
use lifespan::{Enter, Lifespan, Resource};
use sqlx::{Sqlite, SqlitePool, Transaction};

type Tx = Transaction<'static, Sqlite>;

fn begin(pool: SqlitePool) -> Lifespan<Resource<Tx>, impl Enter<Resource<Tx>>> {
    let begin = async move { pool.begin().await };
    Lifespan::new(begin, async |tx: Tx, _| tx.rollback().await)
}

async fn insert(_: &mut Resource<Tx>) -> Result<(), lifespan::Error> {
    Ok(())
}

async fn order(State(pool): State<SqlitePool>) -> &'static str {
    begin(pool).scope(insert).await.map_or("no", |()| "yes")
}

fn main() {
    let _: Router<SqlitePool> = Router::new().route("/orders", post(order));
}
