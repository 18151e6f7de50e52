//! The HTTP server as a service: ready when it listens, and gone when all of its connections are.
//!
//! Asked to stop, it refuses what is new, has the calls in flight cancelled and gives their clients the answer, and then hangs
//! up on the streams. The answer matters: a client that waits for one on a stream that just ends may wait for ever.
//!
//! `axum::serve` spawns a task for each connection and keeps no handle of it, so one that is stuck outlives it. Here the
//! connections are children of a [`TaskGroup`].

use std::net::{Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::serve::Listener;
use futures_util::{FutureExt, StreamExt};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use lifespan::{BoxError, Enter, Lifespan, Service, Stop, TaskGroup, timeout};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use super::app::Config;
use super::endpoint::Mount;
use super::timeline;

/// How long a connection may take to end when nothing is left to be said on it.
const GRACE: Duration = Duration::from_secs(1);

pub(crate) fn serve<const N: usize>(
    config: &Config,
    mounts: [Mount; N],
) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
    let (port, patience) = (config.port, config.patience);
    Service::start(async move |ready, stop| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        println!("listening on http://{address}");
        ready.set(address);
        let server = Server::new(&mounts);
        TaskGroup::new()
            .named("connections")
            .scope(async |connections| {
                server.accept(listener, connections, stop).await;
                timeline::line("http", "refuses what is new");
                server.end(connections, &mounts, patience).await;
                Ok::<_, lifespan::Error>(())
            })
            .await?;
        timeline::line("http", "has stopped");
        Ok::<_, BoxError>(())
    })
}

struct Server {
    router: Router,
    /// Requests that wait for their answer.
    answering: TaskTracker,
    /// Connections.
    open: TaskTracker,
}

impl Server {
    fn new(mounts: &[Mount]) -> Self {
        let answering = TaskTracker::new();
        let router = mounts.iter().fold(Router::new(), |router, mount| {
            router.nest_service(&mount.path, mount.routes.clone())
        });
        Server {
            router: router.layer(from_fn_with_state(answering.clone(), answered)),
            answering,
            open: TaskTracker::new(),
        }
    }

    async fn accept(&self, mut listener: TcpListener, connections: &TaskGroup, stop: Stop) {
        loop {
            tokio::select! {
                // axum's: it waits when there are too many open files, instead of failing.
                (stream, _) = Listener::accept(&mut listener) => {
                    let (router, stop) = (self.router.clone(), stop.clone());
                    let connection = self.open.track_future(converse(stream, router, stop));
                    // One that panics is a matter of its client, and not of the connections beside it.
                    connections.spawn_ok(AssertUnwindSafe(connection).catch_unwind().map(drop));
                }
                () = stop.requested() => break,
            }
        }
    }

    async fn end(&self, connections: &TaskGroup, mounts: &[Mount], patience: Duration) {
        mounts.iter().for_each(Mount::cancel_calls);
        self.answering.close();
        // What takes longer is left to the exits of the servers, and those of its clients that wait get no answer.
        let _ = timeout(patience, self.answering.wait()).await;
        let open = self.open.len();
        timeline::line("http", format_args!("hangs up, connections: {open}"));
        mounts.iter().for_each(Mount::hang_up);
        self.open.close();
        let _ = timeout(GRACE, self.open.wait()).await;
        connections.cancel();
    }
}

/// Counts a request as answered when its client has all of the answer. A `GET` is a stream on which the server speaks by
/// itself; nobody waits for the end of it.
async fn answered(State(answering): State<TaskTracker>, request: Request, next: Next) -> Response {
    if request.method() == Method::GET {
        return next.run(request).await;
    }
    let waits = answering.token();
    let response = next.run(request).await;
    response.map(|body| {
        Body::from_stream(body.into_data_stream().inspect(move |_| {
            let _until_it_ends = &waits;
        }))
    })
}

async fn converse(stream: TcpStream, router: Router, stop: Stop) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
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
