//! An HTTP server as a member of a [`lifespan`]: it stops accepting, drains what is in flight, then cuts, each step within its
//! time, and named while it lasts.
//!
//! `axum::serve` with a graceful shutdown waits for ever for a handler that hangs, ends before handlers whose clients hung up have
//! been dropped, and cannot be told apart from one that cut a request. A [`Server`] is a [`Service`]: ready when it listens, and gone
//! when all that it ran is gone.
//!
//! ```
//! use axum::{Router, routing::get};
//! use lifespan::{Service, lifespan};
//! use lifespan_serve::Server;
//! use std::net::{Ipv4Addr, SocketAddr};
//! use std::time::Duration;
//!
//! fn router() -> Router {
//!     Router::new().route("/", get(async || "hello"))
//! }
//!
//! #[lifespan]
//! struct App {
//!     #[enter(|| Server::bind((Ipv4Addr::LOCALHOST, 0), router()).drain_timeout(Duration::from_secs(3)).lifespan())]
//!     http: Service<SocketAddr>,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
//! App::lifespan().scope_ok(async |app| println!("listening on {}", *app.http)).await // in a service: `.run().await`
//! # }
//! ```
//!
//! # How it stops
//!
//! | step | what happens | its time |
//! |---|---|---|
//! | 0 | the run [drains](lifespan::run::Runner::drain_for), if it does: everything is served; HTTP/1.1 answers say `Connection: close` | that of the run, or [less](Server::idle_after) |
//! | 1 | the listener closes: new connections are refused | |
//! | 2 | connections are told that no request follows (`Connection: close`, GOAWAY); idle ones and streams of events end | |
//! | 3 | requests in flight are answered, to the last byte; [`Tasks`] end | [`drain_timeout`](Server::drain_timeout) |
//! | 4 | handlers that are left are cancelled: their scopes unwind, their exits are awaited, their clients get 503 | [`cut_timeout`](Server::cut_timeout) |
//!
//! If step 4 cut a request, the exit of the service fails with [`Cut`], which names each. Each step is the service's last
//! [progress](lifespan::Stop::progress).
//!
//! # What handlers hold
//!
//! A handler runs in the task of its connection (HTTP/1) or in one of its own (HTTP/2); both are children of a
//! [`TaskGroup`](lifespan::TaskGroup). If its client hangs up, the handler is dropped, and the exits of the scopes in it are awaited by
//! that task, so they are over before the server is (law 3).
//!
//! A handler that panics ends its connection, as hyper does it: its client gets no answer. A layer such as tower-http's `CatchPanic` makes
//! it a 500. The scopes in the handler have exited either way.
//!
//! A handler can ask for [`Stop`](lifespan::Stop) and [`Tasks`] in the extensions of its request.

mod answer;
mod connection;
mod flight;
mod stopping;
mod tasks;
mod tracked;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body::Body;
use hyper::body::Incoming;
use hyper::{Request, Response};
use lifespan::run::RunHandle;
use lifespan::{BoxError, Enter, Lifespan, Service, task::ServiceOptions};
use tokio::net::TcpListener;

use stopping::DrainEnd;

pub use flight::Cut;
pub use tasks::Tasks;

/// What [`drain_timeout`](Server::drain_timeout) is if it is not set: with the others it fits into the default budget of an exit, 10 s.
const DRAIN: Duration = Duration::from_secs(6);
/// What [`cut_timeout`](Server::cut_timeout) is if it is not set.
const CUT: Duration = Duration::from_secs(1);

/// What answers requests: an axum `Router`, or any other tower service that cannot fail.
pub trait Answers:
    tower_service::Service<
        Request<Incoming>,
        Response = Response<Self::Body>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + 'static
{
    /// The body of its answers.
    type Body: Body<Data: Send, Error: Into<BoxError>> + Send + 'static;
}

impl<S, B> Answers for S
where
    S: tower_service::Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send + 'static>,
    S: Clone + Send + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Body = B;
}

/// An HTTP server that has not started: HTTP/1 and HTTP/2 without TLS, on one port.
#[must_use = "it is a description: `lifespan` makes a resource of it"]
pub struct Server<S> {
    listen: Listen,
    service: S,
    drain: Duration,
    cut: Duration,
    quiet: Option<(RunHandle, Duration)>,
    on_ready: Box<dyn FnOnce(SocketAddr) + Send>,
    on_stop: Box<dyn FnOnce() + Send>,
}

enum Listen {
    At(SocketAddr),
    On(TcpListener),
}

impl<S> Server<S> {
    /// A server that listens there once it starts. Port 0 is one that is free.
    pub fn bind(address: impl Into<SocketAddr>, service: S) -> Self {
        Server::new(Listen::At(address.into()), service)
    }

    /// A server on a listener that is there already.
    pub fn from_listener(listener: TcpListener, service: S) -> Self {
        Server::new(Listen::On(listener), service)
    }

    fn new(listen: Listen, service: S) -> Self {
        Server {
            listen,
            service,
            drain: DRAIN,
            cut: CUT,
            quiet: None,
            on_ready: Box::new(drop),
            on_stop: Box::new(|| ()),
        }
    }

    /// How long requests in flight may take to be answered once the server is to stop; 6 s by default. Zero cuts
    /// them at once.
    ///
    /// The budget of the exit becomes what both steps need. As a member, the field has to allow it: `#[exit(timeout = "70s")]`.
    pub fn drain_timeout(mut self, time: Duration) -> Self {
        self.drain = time;
        self
    }

    /// How long idle connections may take to end, and what was cut to unwind; 1 s by default. What takes longer is
    /// left to the [end of the service](Service::start): it is cancelled, then aborted, by its name.
    pub fn cut_timeout(mut self, time: Duration) -> Self {
        self.cut = time;
        self
    }

    /// Lets the [drain](lifespan::run::Runner::drain_for) of this run end early: the server tells it that it serves, until the run drains
    /// and no request has been in flight for `quiet`. Take longer than what sends requests here needs to hear that this is not ready.
    ///
    /// Requests that are answered with 503 do not count: a readiness probe, which gets that while the run drains, does not keep the
    /// server from being idle. If the run has several servers, it waits for all that have told it.
    ///
    /// ```
    /// # use axum::Router;
    /// use lifespan::run::RunHandle;
    /// use lifespan_serve::Server;
    /// # use std::net::Ipv4Addr;
    /// use std::time::Duration;
    ///
    /// # fn server(run: RunHandle) -> Server<Router> {
    /// Server::bind((Ipv4Addr::LOCALHOST, 8080), Router::new()).idle_after(Duration::from_secs(2), run)
    /// # }
    /// ```
    pub fn idle_after(mut self, quiet: Duration, run: RunHandle) -> Self {
        self.quiet = Some((run, quiet));
        self
    }

    /// Runs a function when the server listens, with the address: to print it.
    pub fn on_ready(mut self, function: impl FnOnce(SocketAddr) + Send + 'static) -> Self {
        self.on_ready = Box::new(function);
        self
    }

    /// Runs a function when the server is to stop and has closed its listener: to cancel work that requests in flight wait for.
    pub fn on_stop(mut self, function: impl FnOnce() + Send + 'static) -> Self {
        self.on_stop = Box::new(function);
        self
    }

    /// The server as a resource: entered when it listens; its value is the address.
    ///
    /// # Errors
    ///
    /// To enter: that of binding the address. To exit: [`Cut`], if requests were cut; those of
    /// [`TaskError`](lifespan::task::TaskError), if connections did not unwind in time.
    ///
    /// # Cancel safety
    ///
    /// That of [`Service::start`].
    #[track_caller]
    pub fn lifespan(self) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>>
    where
        S: Answers,
    {
        let mut options = ServiceOptions::new();
        if (self.drain, self.cut) != (DRAIN, CUT) {
            // The last second is for what is neither drained nor cut. What does not add up is for ever.
            let steps = self.drain.checked_add(self.cut);
            options = options.stop_timeout(steps.and_then(|steps| steps.checked_add(Duration::from_secs(1))));
        }
        options.start(async move |ready, stop| {
            let listener = self.listen.listener().await?;
            let address = listener.local_addr()?;
            // Before it is ready, so that no drain begins without it.
            let drain_end = self
                .quiet
                .map(|(run, quiet)| DrainEnd { serving: run.serving(), quiet });
            (self.on_ready)(address);
            ready.set(address);
            let times = stopping::Times { drain: self.drain, cut: self.cut };
            stopping::run(listener, self.service, &stop, times, self.on_stop, drain_end).await
        })
    }
}

impl Listen {
    async fn listener(self) -> io::Result<TcpListener> {
        match self {
            Listen::At(address) => {
                let named =
                    |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"));
                TcpListener::bind(address).await.map_err(named)
            }
            Listen::On(listener) => Ok(listener),
        }
    }
}

impl<S> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("drain_timeout", &self.drain)
            .field("cut_timeout", &self.cut)
            .finish_non_exhaustive()
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
