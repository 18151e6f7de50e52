//! A transaction for each request in axum: a request that succeeds commits, and any other way out of its handler rolls back.
//! With `lifespan_serve` it also holds when the client hangs up; the example `transaction` shows that, with a real database.
//!
//! ```text
//! commit ["book"]
//! 201 Created
//! roll back ["unicorn"]: failed
//! 409 Conflict
//! roll back ["slow boat"]: timed out
//! 504 Gateway Timeout
//! ```

use std::time::Duration;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::{Router, body::Body, http::Request, http::StatusCode, routing::post};
use lifespan::{BoxError, Cause, Exit, scoped_resource};
use tokio::time::sleep;
use tower::ServiceExt;

struct Transaction {
    orders: Vec<String>,
}

#[scoped_resource(exit_timeout = "5s")]
impl Transaction {
    #[enter]
    async fn begin() -> Self {
        Transaction { orders: Vec::new() }
    }

    #[exit]
    async fn end(self, exit: &Exit) {
        match exit.cause() {
            Cause::Completed => println!("commit {:?}", self.orders),
            cause => println!("roll back {:?}: {cause}", self.orders),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum OrderError {
    #[error("sold out")]
    SoldOut,
    #[error(transparent)]
    TooLate(#[from] lifespan::Cancelled),
    #[error(transparent)]
    Transaction(#[from] lifespan::Error),
}

impl IntoResponse for OrderError {
    fn into_response(self) -> Response {
        let status = match self {
            OrderError::SoldOut => StatusCode::CONFLICT,
            OrderError::TooLate(_) => StatusCode::GATEWAY_TIMEOUT,
            OrderError::Transaction(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, self.to_string()).into_response()
    }
}

async fn order(Path(item): Path<String>) -> Result<StatusCode, OrderError> {
    let order = Transaction::begin().scope(async |tx| {
        tx.orders.push(item.clone());
        match item.as_str() {
            "unicorn" => return Err(OrderError::SoldOut),
            "slow boat" => sleep(Duration::from_secs(60)).await,
            _ => {}
        }
        Ok(StatusCode::CREATED)
    });
    lifespan::timeout(Duration::from_millis(100), order).await?
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let router = Router::new().route("/orders/{item}", post(order));
    for item in ["book", "unicorn", "slow%20boat"] {
        let request = Request::post(format!("/orders/{item}")).body(Body::empty())?;
        println!("{}", router.clone().oneshot(request).await?.status());
    }
    Ok(())
}
