//! What the application is made of: two MCP servers and the HTTP server that depends on both, so that it stops before they
//! do.

use std::net::SocketAddr;
use std::time::Duration;

use lifespan::{Service, lifespan};

use super::endpoint::Endpoint;
use super::{http, tools};

pub(crate) struct Config {
    /// Zero: one that is free.
    pub(crate) port: u16,
    /// How long the tool calls in flight have to unwind before the HTTP server hangs up, and once more before they are
    /// aborted. The HTTP server has five seconds in all until it is cancelled.
    pub(crate) patience: Duration,
    /// Which server fails to start.
    pub(crate) fail: Option<String>,
}

#[lifespan(config: Config, exit_timeout = "30s")]
pub(crate) struct App {
    #[enter(|config| Endpoint::open("echo", config, tools::echo()), timeout = "1s")]
    pub(crate) echo: Endpoint,
    #[enter(|config| Endpoint::open("math", config, tools::math()), timeout = "1s")]
    pub(crate) math: Endpoint,
    #[enter(|config, echo, math| http::serve(config, [echo.mount(), math.mount()]), timeout = "1s")]
    pub(crate) http: Service<SocketAddr>,
}
