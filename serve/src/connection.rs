//! One connection, in a task of its own.

use std::pin::pin;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use lifespan::Stop;
use tokio::net::TcpStream;

use crate::Answers;
use crate::flight::Open;
use crate::tasks::Children;
use crate::tracked::Tracked;

/// Until the connection ends. Once the server is to stop, it ends behind the request that it is at.
pub(crate) async fn converse<S: Answers>(
    stream: TcpStream,
    service: Tracked<S>,
    children: Children,
    stop: Stop,
    _open: Open,
) {
    // Answers are written as a whole; Nagle's algorithm would hold the last packet back. A connection that is gone says so below.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(children);
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = pin!(connection);
    // An error is the client's: it is gone, or does not speak HTTP.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.requested() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
