//! A server stops while hyper drops the handler of a client that has hung up. axum does not wait for that, so that on several threads
//! `drain` may come before the exit that it is to wait for; a `Server` of `lifespan_serve` does (law 4).

use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use lifespan::{BoxError, Enter, Lifespan, Service};
use lifespan_serve::Server;
use tokio::net::TcpListener;

use super::database::{Orders, TestDatabase};
use super::requests::{AtDrop, send};
use super::sqlite::Sqlite;
use super::{on_runtime, several_threads};

#[test]
fn plain_stops_before_its_handlers_are_dropped() {
    on_runtime(&several_threads(), async |database: Sqlite| {
        hang_up_and_stop(&database, plain, Duration::from_secs(30)).await;
        database.journal().reached("transaction has ended").await;
        assert!(lifespan::drain().await.is_clean());
        database.journal().assert([
            "transaction has begun",
            "handler is dropped",
            "server has stopped, and `drain` has waited for 0 exits",
            "transaction rolls back (abandoned)",
            "transaction has ended",
        ]);
    });
}

#[track_caller]
fn plain(router: Router) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
    Service::start(async move |ready, stop| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        ready.set(listener.local_addr()?);
        axum::serve(listener, router)
            .with_graceful_shutdown(stop.requested())
            .await
    })
}

#[track_caller]
fn ours(router: Router) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
    Server::bind((Ipv4Addr::LOCALHOST, 0), router).lifespan()
}

#[test]
fn ours_stops_when_its_handlers_are_dropped() {
    on_runtime(&several_threads(), async |database: Sqlite| {
        hang_up_and_stop(&database, ours, Duration::from_millis(100)).await;
        let journal = database.journal();
        journal.assert_begins([
            "transaction has begun",
            "handler is dropped",
            "transaction rolls back (abandoned)",
            "transaction has ended",
        ]);
    });
}

/// The handler's drop takes until the server has stopped, or so long at most.
async fn hang_up_and_stop<F: Enter<Service<SocketAddr>>>(
    database: &Sqlite,
    serve: impl FnOnce(Router) -> Lifespan<Service<SocketAddr>, F>,
    at_most: Duration,
) {
    let (stopped, stops) = mpsc::channel();
    let handler = Handler { database: database.clone(), stops: Arc::new(Mutex::new(stops)), at_most };
    let server = serve(Router::new().route("/", post(wait)).with_state(handler));
    let journal = database.journal();
    let ended = server.scope(async |server| -> Result<_, BoxError> {
        let client = send(**server, "/").await?;
        journal.reached("transaction has begun").await;
        drop(client);
        journal.reached("handler is dropped").await;
        Ok(())
    });
    ended.await.unwrap();
    let drained = lifespan::drain().await;
    let exits = drained.waited_for().len();
    let line = format!("has stopped, and `drain` has waited for {exits} exits");
    journal.line("server", line);
    let _ = stopped.send(());
}

#[derive(Clone)]
struct Handler {
    database: Sqlite,
    stops: Arc<Mutex<mpsc::Receiver<()>>>,
    at_most: Duration,
}

async fn wait(State(handler): State<Handler>) {
    let run = handler.database.transaction();
    let run = run.scope(async |tx| -> Result<(), BoxError> {
        let _dropped = AtDrop(|| {
            handler.database.journal().line("handler", "is dropped");
            let stops = handler.stops.lock().unwrap();
            let _ = stops.recv_timeout(handler.at_most);
        });
        tx.order("tea").await?;
        pending().await
    });
    let _ = run.await;
}
