//! axum's server, and by the time it returns, all of its handlers are gone.
//!
//! `axum::serve` returns when each connection has said that it ends, and one whose client has hung up says so before it drops its
//! handler. On a runtime with several threads, whoever calls `drain` then may be there before the exit that is to be waited for.
//! So the handlers are tracked.

use std::io;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use lifespan::Stop;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

/// Serves until it is to stop, and then until the requests under way have been answered or given up.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: Stop) -> io::Result<()> {
    let handlers = TaskTracker::new();
    let router = router.layer(from_fn_with_state(handlers.clone(), tracked));
    axum::serve(listener, router)
        .with_graceful_shutdown(stop.requested())
        .await?;
    handlers.close();
    handlers.wait().await;
    Ok(())
}

async fn tracked(State(handlers): State<TaskTracker>, request: Request, next: Next) -> Response {
    handlers.track_future(next.run(request)).await
}
