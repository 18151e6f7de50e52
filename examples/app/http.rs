//! The server: a background task, which is ready when it listens, and drains its connections when it is asked to stop.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use lifespan::{Enter, Lifespan, Service};
use tokio::net::TcpListener;

use crate::cache::Words;
use crate::timeline;

pub(crate) fn serve(words: Arc<Words>) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
    Service::start(async move |ready, stop| {
        let router = Router::new().route("/hello/{language}", get(hello)).with_state(words);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        timeline::line("http", format_args!("listens on http://{address}/hello/fr"));
        ready.set(address);
        axum::serve(listener, router)
            .with_graceful_shutdown(stop.requested())
            .await?;
        timeline::line("http", "has stopped");
        Ok::<_, std::io::Error>(())
    })
}

async fn hello(State(words): State<Arc<Words>>, Path(language): Path<String>) -> Result<String, StatusCode> {
    let (hello, asked) = words.get(&language).ok_or(StatusCode::NOT_FOUND)?;
    asked.fetch_add(1, Ordering::Relaxed);
    Ok(hello.clone())
}
