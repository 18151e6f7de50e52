//! A server that stops gracefully: it refuses new connections, answers the requests in flight within `drain_timeout`, then cuts.
//! In a service, write `.run().await` in place of the scope: SIGINT and SIGTERM stop it.
//!
//! ```text
//! a request is in flight
//! the server stops
//! HTTP/1.1 200 OK
//! connection refused
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, routing::get};
use lifespan::{BoxError, Enter, Lifespan, Service};
use lifespan_serve::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::sleep;

fn serve(in_flight: Arc<Notify>) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
    let slow = async move || {
        in_flight.notify_one();
        sleep(Duration::from_millis(100)).await;
        "done"
    };
    Server::bind((Ipv4Addr::LOCALHOST, 0), Router::new().route("/", get(slow)))
        .drain_timeout(Duration::from_secs(5))
        .on_stop(|| println!("the server stops"))
        .lifespan()
        .named("http")
}

async fn ask(address: SocketAddr) -> Result<String, std::io::Error> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let in_flight = Arc::new(Notify::new());
    let server = serve(in_flight.clone());
    let (address, request) = server
        .scope_ok(async |http| {
            let address = **http;
            let request = tokio::spawn(ask(address));
            in_flight.notified().await;
            println!("a request is in flight");
            (address, request)
        })
        .await?; // returns when the request has been answered
    println!("{}", request.await??);
    println!("{}", ask(address).await.unwrap_err().kind());
    Ok(())
}
