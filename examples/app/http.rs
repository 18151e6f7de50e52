//! The server: ready when it listens, and drained when it is to stop.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use lifespan::{Enter, Lifespan, Service};
use lifespan_serve::Server;

use crate::cache::Words;

#[track_caller]
pub(crate) fn serve(words: Arc<Words>) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
    let router = Router::new().route("/hello/{language}", get(hello)).with_state(words);
    Server::bind((Ipv4Addr::LOCALHOST, 0), router)
        .on_ready(|address| println!("listening on http://{address}/hello/fr"))
        .lifespan()
}

async fn hello(State(words): State<Arc<Words>>, Path(language): Path<String>) -> Result<String, StatusCode> {
    let (hello, asked) = words.get(&language).ok_or(StatusCode::NOT_FOUND)?;
    asked.fetch_add(1, Ordering::Relaxed);
    Ok(hello.clone())
}
