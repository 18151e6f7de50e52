//! One MCP server as a scoped resource: it has sessions and state of its own, and when its exit returns, nothing of it is left:
//! no tool call, no session, no task that rmcp spawned for it.
//!
//! rmcp has a token that ends its streams and sessions, but nothing to wait for: it spawns a task for each session, each
//! request and each notification, and keeps none of their handles. So each is lent a handler that holds a token of a
//! [`TaskTracker`]; when all of them have come back, all tasks that could run code of ours have ended. The calls themselves
//! are children of a [`TaskGroup`], see `calls.rs`.
//!
//! The HTTP server is gone before this exits, so that nothing new comes in. It has had the calls cancelled and their answers
//! sent by then; those that are left have until the exit budget of their group is used up. Then the sessions close, then the
//! handlers come back.

use std::sync::Arc;

use axum::Router;
use lifespan::{BoxError, Exit, Handover, TaskGroup, scoped_resource, task::Spawner};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::app::Config;
use super::calls::{Calls, Tally};
use super::timeline;

pub(crate) struct Endpoint {
    name: &'static str,
    routes: Router,
    sessions: Arc<LocalSessionManager>,
    calls: Handover<TaskGroup>,
    spawner: Spawner,
    tally: Arc<Tally>,
    /// The handlers that rmcp has, and the routes that make them.
    lent: TaskTracker,
    /// Ends the streams and the sessions.
    hang_up: CancellationToken,
}

/// What the HTTP server has of an endpoint: where it is, and how its calls are cancelled.
pub(crate) struct Mount {
    pub(crate) path: String,
    pub(crate) routes: Router,
    calls: Spawner,
}

impl Mount {
    /// The calls in flight unwind, and are answered with an error.
    pub(crate) fn cancel_calls(&self) {
        self.calls.cancel();
    }
}

#[scoped_resource]
impl Endpoint {
    /// Opens one whose handlers `tools` makes, for each session one, or for each request that has none.
    #[enter]
    pub(crate) async fn open<S: ServerHandler>(
        name: &'static str,
        config: &Config,
        tools: impl Fn(Calls) -> S + Send + Sync + 'static,
    ) -> Result<Self, BoxError> {
        if config.fail.as_deref() == Some(name) {
            timeline::line(name, "cannot open");
            return Err(format!("no state for {name}").into());
        }
        let group = TaskGroup::new()
            .named(format!("calls of {name}"))
            .exit_timeout(config.patience)
            .enter()
            .await?;
        let (tally, lent, hang_up) = <(Arc<Tally>, TaskTracker, CancellationToken)>::default();
        let spawner = group.spawner();
        let calls = Calls::new(name, spawner.clone(), Arc::clone(&tally), lent.token());
        let sessions = Arc::<LocalSessionManager>::default();
        let settings = StreamableHttpServerConfig::default().with_cancellation_token(hang_up.clone());
        let service = StreamableHttpService::new(move || Ok(tools(calls.clone())), Arc::clone(&sessions), settings);
        timeline::line(name, "is open");
        Ok(Endpoint {
            name,
            routes: Router::new().fallback_service(service),
            sessions,
            calls: group.hand_over(),
            spawner,
            tally,
            lent,
            hang_up,
        })
    }

    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), lifespan::Error> {
        let Endpoint { name, .. } = self;
        self.hang_up.cancel();
        let calls = self.calls.accept();
        let in_flight = calls.len();
        timeline::line(name, format_args!("closes, calls in flight: {in_flight}"));
        calls.cancel_because("the server is shutting down");
        exit.progress("waiting for calls");
        let unwound = calls.exit_as(exit).await;

        exit.progress("closing sessions");
        close_all(&self.sessions).await;
        exit.progress("waiting for handlers that were lent");
        drop(self.routes);
        self.lent.close();
        self.lent.wait().await;
        timeline::line(name, format_args!("is closed, calls: {}", self.tally));
        unwound
    }
}

impl Endpoint {
    pub(crate) fn mount(&self) -> Mount {
        Mount {
            path: format!("/{}", self.name),
            routes: self.routes.clone(),
            calls: self.spawner.clone(),
        }
    }

    /// Empty when it has exited.
    pub(crate) fn sessions(&self) -> Arc<LocalSessionManager> {
        Arc::clone(&self.sessions)
    }

    pub(crate) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }
}

/// Each session closes itself as well, since it was hung up on, and takes itself off the map, some time later.
async fn close_all(sessions: &LocalSessionManager) {
    let open: Vec<_> = sessions.sessions.read().await.keys().cloned().collect();
    for id in open {
        // It fails for one that has been quicker.
        let _ = sessions.close_session(&id).await;
    }
}
