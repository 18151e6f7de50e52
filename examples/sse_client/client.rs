//! The client: a scoped resource that reads events from the server, and says goodbye at its end.
//!
//! The goodbye is a request that must be awaited. `Drop` cannot do that, and this is why the client is a scoped resource:
//! `connect` gives no bare `SseClient` that could be forgotten, but a `Lifespan` that knows how to end it.

use futures_util::StreamExt;
use lifespan::{Exit, scoped_resource};
use reqwest::Body;
use sse_stream::SseStream;

/// An open session with the server.
pub(crate) struct SseClient {
    http: reqwest::Client,
    session_url: String,
    events: SseStream<Body>,
}

/// What can go wrong with an [`SseClient`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum SseError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("{0}")]
    Event(#[from] sse_stream::Error),
    #[error("the server gave no session id")]
    NoSession,
    #[error("the server ended the stream")]
    EndOfStream,
}

#[scoped_resource(enter_timeout = "2s", exit_timeout = "2s")]
impl SseClient {
    /// Opens a session.
    #[enter]
    pub(crate) async fn connect(server: String) -> Result<Self, SseError> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let response = http.get(format!("{server}/events")).send().await?;
        let response = response.error_for_status()?;
        let id = response
            .headers()
            .get("session-id")
            .and_then(|id| id.to_str().ok())
            .ok_or(SseError::NoSession)?;
        Ok(SseClient {
            http,
            session_url: format!("{server}/sessions/{id}"),
            events: SseStream::new(Body::from(response)),
        })
    }

    /// Closes the session: tells the server why, and waits for its answer.
    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), SseError> {
        let reason = match exit.error() {
            Some(error) => format!("{}: {error}", exit.cause()),
            None => exit.cause().to_string(),
        };
        let request = self.http.delete(&self.session_url).body(reason);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

impl SseClient {
    /// Waits for the next event and gives its data.
    pub(crate) async fn next(&mut self) -> Result<String, SseError> {
        let event = self.events.next().await.ok_or(SseError::EndOfStream)??;
        Ok(event.data.unwrap_or_default())
    }
}
