//! The server: it streams ticks over SSE and keeps a record of the clients that said hello and goodbye.
//!
//! `GET /events` opens a session and streams its ticks. `DELETE /sessions/{id}` closes the session. A session that
//! is never closed stays in the record, so the exit of a client that got lost on the way would show here.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{delete, get};
use futures_util::stream::{self, StreamExt};
use lifespan::{BoxError, scoped_resource};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::output::line;

/// How many ticks a session streams, and how fast: about two seconds in all.
const TICKS: u32 = 100;
const INTERVAL: Duration = Duration::from_millis(20);

/// A server that runs in a task of its own. It is a scoped resource, too: its exit is the graceful stop.
pub(crate) struct Server {
    url: String,
    sessions: Sessions,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
}

#[scoped_resource(exit_timeout = "3s")]
impl Server {
    /// Listens on a loopback port that the system chooses.
    #[enter]
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let sessions = Sessions::default();
        let routes = Router::new()
            .route("/events", get(events))
            .route("/sessions/{id}", delete(goodbye))
            .with_state(sessions.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, routes).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        line("server", format_args!("listens on {url}"));
        Ok(Server { url, sessions, stop, serving: tokio::spawn(serving.into_future()) })
    }

    /// Stops listening, and waits until every connection is closed.
    #[exit]
    async fn stop(self) -> Result<(), BoxError> {
        let _ = self.stop.send(());
        self.serving.await??;
        Ok(())
    }
}

impl Server {
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn record(&self) -> Record {
        self.sessions.update(|record| record.clone())
    }
}

/// The server's record of its sessions.
#[derive(Clone, Default)]
struct Sessions(Arc<Mutex<Record>>);

/// What the server has seen so far.
#[derive(Clone, Default)]
pub(crate) struct Record {
    pub(crate) opened: u32,
    pub(crate) closed: u32,
    pub(crate) still_open: BTreeSet<u32>,
}

impl Sessions {
    fn open(&self) -> u32 {
        self.update(|record| {
            record.opened += 1;
            record.still_open.insert(record.opened);
            record.opened
        })
    }

    /// Closes the session, unless it is closed already or there never was one.
    fn close(&self, id: u32) -> bool {
        self.update(|record| {
            let was_open = record.still_open.remove(&id);
            record.closed += u32::from(was_open);
            was_open
        })
    }

    fn update<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn events(State(sessions): State<Sessions>) -> impl IntoResponse {
    let id = sessions.open();
    line("server", format_args!("session {id} opened"));
    let ticks = stream::iter(1..=TICKS).then(async |number| {
        tokio::time::sleep(INTERVAL).await;
        Ok::<_, Infallible>(Event::default().data(number.to_string()))
    });
    (AppendHeaders([("session-id", id.to_string())]), Sse::new(ticks))
}

async fn goodbye(State(sessions): State<Sessions>, Path(id): Path<u32>, reason: String) -> StatusCode {
    if !sessions.close(id) {
        return StatusCode::NOT_FOUND;
    }
    let text = format!("session {id} closed, the client says: {reason}");
    line("server", text);
    StatusCode::NO_CONTENT
}
