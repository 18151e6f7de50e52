//! The shop: each request that writes has a transaction of its own, and each handler here leaves it in another way. None of
//! them says what is to become of it.

use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use lifespan::{Enter, Lifespan, Service};
use lifespan_serve::Server;
use sqlx::{Sqlite, SqlitePool};
use tokio::sync::Notify;

use super::journal::{AtDrop, Journal};
use super::transaction::Transaction;

/// What the handlers need.
#[derive(Clone)]
pub(crate) struct Shop {
    pool: SqlitePool,
    closes: Arc<Notify>,
    journal: Journal,
}

/// Why an order was not taken.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{0} is sold out")]
    SoldOut(String),
    #[error("the shop closes")]
    Closing(#[from] lifespan::Cancelled),
    #[error(transparent)]
    Transaction(#[from] lifespan::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Refusal::SoldOut(_) => StatusCode::CONFLICT,
            Refusal::Closing(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Transaction(_) | Refusal::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, self.to_string()).into_response()
    }
}

pub(crate) fn serve(
    pool: SqlitePool,
    journal: Journal,
) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
    let router = Router::new()
        .route("/take/{item}", post(take))
        .route("/refuse/{item}", post(refuse))
        .route("/stumble/{item}", post(stumble))
        .route("/wait/{item}", post(wait))
        .route("/close", post(close))
        .with_state(Shop { pool, closes: Arc::default(), journal });
    Server::bind((Ipv4Addr::LOCALHOST, 0), router).lifespan().named("http")
}

async fn take(State(shop): State<Shop>, Path(item): Path<String>) -> Result<StatusCode, Refusal> {
    shop.transaction()
        .scope(async |tx| {
            shop.order(tx, &item).await?;
            Ok(StatusCode::CREATED)
        })
        .await
}

async fn refuse(State(shop): State<Shop>, Path(item): Path<String>) -> Result<StatusCode, Refusal> {
    shop.transaction()
        .scope(async |tx| {
            shop.order(tx, &item).await?;
            Err(Refusal::SoldOut(item))
        })
        .await
}

async fn stumble(State(shop): State<Shop>, Path(item): Path<String>) -> Result<StatusCode, Refusal> {
    shop.transaction()
        .scope(async |tx| {
            shop.order(tx, &item).await?;
            panic!("the clerk stumbles")
        })
        .await
}

/// Ends when the shop closes, or when nobody waits for the answer any more: hyper then drops this future.
async fn wait(State(shop): State<Shop>, Path(item): Path<String>) -> Result<StatusCode, Refusal> {
    let order = shop.transaction().scope(async |tx| {
        shop.order(tx, &item).await?;
        let _dropped = AtDrop {
            journal: shop.journal.clone(),
            who: "handler",
            what: format!("is dropped, with {item}"),
        };
        pending().await
    });
    lifespan::until(shop.closes.notified(), order).await?
}

async fn close(State(shop): State<Shop>) {
    shop.closes.notify_waiters();
}

impl Shop {
    #[track_caller]
    fn transaction(&self) -> Lifespan<Transaction<Sqlite>, impl Enter<Transaction<Sqlite>>> {
        Transaction::on(self.pool.clone(), self.journal.clone())
    }

    async fn order(&self, tx: &mut Transaction<Sqlite>, item: &str) -> sqlx::Result<()> {
        tx.execute(sqlx::query("INSERT INTO orders VALUES ($1)").bind(item))
            .await?;
        self.journal.line("handler", format_args!("has inserted {item}"));
        Ok(())
    }
}
