//! An axum handler with a request-scoped transaction. Its body fails with `anyhow`; the handler's own error is made
//! outside of the scope.

use std::sync::{Arc, Mutex};

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use lifespan::{Exit, scoped_resource};
use tower::ServiceExt;

use crate::everywhere::multi_thread;

#[derive(Clone, Default)]
struct Db(Arc<Mutex<Vec<String>>>);

struct Transaction {
    db: Db,
    rows: Vec<String>,
}

#[scoped_resource]
impl Transaction {
    #[enter]
    async fn begin(db: Db) -> Result<Self, std::io::Error> {
        let rows = Vec::new();
        Ok(Transaction { db, rows })
    }

    #[exit]
    async fn end(self, exit: &Exit) {
        tokio::task::yield_now().await;
        let mut committed = self.db.0.lock().unwrap();
        if exit.is_clean() {
            committed.extend(self.rows);
        } else {
            committed.push(format!("rolled back: {}", exit.error().unwrap_or("no reason")));
        }
    }
}

impl Transaction {
    async fn insert(&mut self, row: &str) -> Result<(), std::io::Error> {
        tokio::task::yield_now().await;
        self.rows.push(row.to_owned());
        Ok(())
    }
}

struct AppError(anyhow::Error);

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, format!("{:#}", self.0)).into_response()
    }
}

impl From<anyhow::Error> for AppError {
    fn from(error: anyhow::Error) -> Self {
        AppError(error)
    }
}

async fn add(State(db): State<Db>, Path(amount): Path<String>) -> Result<String, AppError> {
    let amount = Transaction::begin(db)
        .scope(async |tx| -> anyhow::Result<i64> {
            tx.insert("header").await?;
            let amount: i64 = amount.parse().context("the amount")?;
            ensure!(amount > 0, "{amount} is not positive");
            tx.insert(&format!("amount {amount}")).await?;
            Ok(amount)
        })
        .await?;
    Ok(format!("added {amount}"))
}

#[test]
fn commits_or_rolls_back() {
    multi_thread().block_on(async {
        let db = Db::default();
        let app = Router::new().route("/add/{amount}", post(add)).with_state(db.clone());
        let ask = async |path: &str| {
            let request = Request::post(path).body(Body::empty()).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            let status = response.status();
            let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
            (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
        };
        assert_eq!(ask("/add/7").await, (200, "added 7".to_owned()));
        assert_eq!(ask("/add/-7").await, (422, "-7 is not positive".to_owned()));
        assert_eq!(
            ask("/add/x").await,
            (422, "the amount: invalid digit found in string".to_owned())
        );
        let journal = [
            "header",
            "amount 7",
            "rolled back: -7 is not positive",
            "rolled back: the amount",
        ];
        assert_eq!(*db.0.lock().unwrap(), journal);
    });
}
