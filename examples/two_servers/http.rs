//! The HTTP server as a service: ready when it listens, and gone when all of its connections are.
//!
//! Asked to stop, it refuses what is new, ends the streams, has the calls in flight cancelled, and gives their clients the answer.
//! The answer matters: a client that waits for one on a stream that just ends may wait for ever.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use lifespan::{Enter, Lifespan, Service};
use lifespan_serve::Server;

use super::app::Config;
use super::endpoint::Mount;
use super::timeline;

/// How long a connection may take to end when nothing is left to be said on it.
const GRACE: Duration = Duration::from_secs(1);

#[track_caller]
pub(crate) fn serve<const N: usize>(
    config: &Config,
    mounts: [Mount; N],
) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
    let router = mounts.iter().fold(Router::new(), |router, mount| {
        router.nest_service(&mount.path, mount.routes.clone())
    });
    Server::bind((Ipv4Addr::LOCALHOST, config.port), router)
        // A call that takes longer is left to the exit of its server, and its client hears that it was cut.
        .drain_timeout(config.patience)
        .cut_timeout(GRACE)
        .on_ready(|address| println!("listening on http://{address}"))
        .on_stop(move || {
            timeline::line("http", "refuses what is new");
            mounts.iter().for_each(Mount::cancel_calls);
        })
        .lifespan()
}
