//! The service of `examples/two_servers` as one writes it with `axum` and `rmcp` alone, the way their documentation does it: for
//! the comparison.
//!
//! Both tokens are cancelled on a signal, which is what is easily forgotten: without them, an idle stream keeps the process
//! until its session has timed out, five minutes later. And a slow call watches its token, so that it begins to clean up
//! at once; whether it comes to the end of that, nobody waits for.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, schemars, tool, tool_router};
use serde::Deserialize;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

#[derive(Deserialize, schemars::JsonSchema)]
struct Text {
    text: String,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Summands {
    a: i64,
    b: i64,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Times {
    ms: u64,
    cleanup_ms: u64,
}

struct Echo;

#[tool_router(server_handler)]
impl Echo {
    #[tool(description = "Says what it is told")]
    async fn echo(&self, Parameters(Text { text }): Parameters<Text>) -> String {
        text
    }

    #[tool(description = "Takes its time")]
    async fn slow(&self, times: Parameters<Times>, token: CancellationToken) -> String {
        slow("echo", times.0, token).await
    }
}

struct Math;

#[tool_router(server_handler)]
impl Math {
    #[tool(description = "Adds two numbers")]
    async fn add(&self, Parameters(Summands { a, b }): Parameters<Summands>) -> String {
        a.wrapping_add(b).to_string()
    }

    #[tool(description = "Takes its time")]
    async fn slow(&self, times: Parameters<Times>, token: CancellationToken) -> String {
        slow("math", times.0, token).await
    }
}

async fn slow(server: &str, times: Times, token: CancellationToken) -> String {
    println!("{server} a slow call has its workspace");
    tokio::select! {
        () = sleep(Duration::from_millis(times.ms)) => {}
        () = token.cancelled() => {}
    }
    println!("{server} cleanup begins");
    sleep(Duration::from_millis(times.cleanup_ms)).await;
    println!("{server} cleanup has ended");
    "slept".to_owned()
}

fn service<S: ServerHandler>(
    make: impl Fn() -> S + Send + Sync + 'static,
    token: &CancellationToken,
) -> StreamableHttpService<S, LocalSessionManager> {
    let config = StreamableHttpServerConfig::default().with_cancellation_token(token.child_token());
    StreamableHttpService::new(move || Ok(make()), Arc::default(), config)
}

async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let token = CancellationToken::new();
    let router = Router::new()
        .nest_service("/echo", service(|| Echo, &token))
        .nest_service("/math", service(|| Math, &token));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            stop_signal().await;
            token.cancel();
        })
        .await
}
