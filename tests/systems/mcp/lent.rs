//! What rmcp runs of a server besides its tool calls: a handler of a notification, say. It is spawned, and neither cancelled nor
//! awaited; so the server's exit waits until whatever it has lent to rmcp has come back, and says that it does.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use lifespan::Phase;
use rmcp::service::NotificationContext;
use rmcp::{RoleServer, ServerHandler};
use tokio::sync::Notify;

use super::example::app::Config;
use super::example::calls::Calls;
use super::example::endpoint::Endpoint;
use super::example::http;
use super::session::Session;

/// A server that does not come to an end with its first notification.
struct Stuck {
    _calls: Calls,
    begins: Arc<Notify>,
}

impl ServerHandler for Stuck {
    async fn on_initialized(&self, _context: NotificationContext<RoleServer>) {
        self.begins.notify_one();
        pending::<()>().await;
    }
}

#[tokio::test]
async fn a_server_is_not_closed_while_a_handler_of_it_runs() {
    let begins = Arc::<Notify>::default();
    let handlers = {
        let begins = Arc::clone(&begins);
        move |calls| Stuck { _calls: calls, begins: Arc::clone(&begins) }
    };
    let config = Config { port: 0, patience: Duration::from_millis(10), fail: None };
    let error = Endpoint::open("stuck", &config, handlers)
        .exit_timeout(Duration::from_secs(1))
        .scope(async |endpoint| {
            http::serve(&config, [endpoint.mount()])
                .scope(async |http| {
                    Session::open(format!("http://{}/stuck", **http)).await?;
                    begins.notified().await;
                    Ok::<_, lifespan::BoxError>(())
                })
                .await
        })
        .await
        .unwrap_err();
    let error = error.downcast_ref::<lifespan::Error>().unwrap();
    assert_eq!(error.phase(), Phase::Exit);
    assert!(error.is_timeout(), "{error:?}");
    let report = format!("{error:?}");
    assert!(report.contains("handlers that were lent"), "{report}");
}
