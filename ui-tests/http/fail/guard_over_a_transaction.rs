//! A guard of a type that mentions a lifetime, in a handler: see `pass`.

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

async fn order(State(pool): State<SqlitePool>) -> &'static str {
    let Ok(tx) = begin(pool).enter().await else {
        return "no";
    };
    tx.exit().await.map_or("no", |()| "yes")
}

fn main() {
    let _: Router<SqlitePool> = Router::new().route("/orders", post(order));
}
