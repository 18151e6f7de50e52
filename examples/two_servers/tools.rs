//! What the two servers offer: `echo` and `add`, and both of them `slow`. Written as rmcp's documentation does it, except for
//! `call_tool`, which has each call tracked.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolRequestParams, CallToolResponse};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, schemars, tool, tool_handler, tool_router};
use serde::Deserialize;

use super::calls::Calls;
use super::workspace::Workspace;

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
    /// How long it takes.
    ms: u64,
    /// How long its end takes, however it comes about.
    cleanup_ms: u64,
}

#[derive(Clone)]
pub(crate) struct Echo {
    calls: Calls,
}

pub(crate) fn echo() -> impl Fn(Calls) -> Echo + Send + Sync + 'static {
    |calls| Echo { calls }
}

#[tool_router]
impl Echo {
    #[tool(description = "Says what it is told")]
    async fn echo(&self, Parameters(Text { text }): Parameters<Text>) -> String {
        text
    }

    #[tool(description = "Takes its time")]
    async fn slow(&self, Parameters(times): Parameters<Times>) -> Result<String, ErrorData> {
        slow("echo", times).await
    }
}

#[tool_handler(name = "echo")]
impl ServerHandler for Echo {
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tools = Self::tool_router();
        self.calls.run(tools, self, request, context).await
    }
}

#[derive(Clone)]
pub(crate) struct Math {
    calls: Calls,
    /// Of all sums, whoever asked for them: the state of the server.
    total: Arc<AtomicI64>,
}

pub(crate) fn math() -> impl Fn(Calls) -> Math + Send + Sync + 'static {
    let total = Arc::<AtomicI64>::default();
    move |calls| Math { calls, total: Arc::clone(&total) }
}

#[tool_router]
impl Math {
    #[tool(description = "Adds two numbers")]
    async fn add(&self, Parameters(Summands { a, b }): Parameters<Summands>) -> String {
        let sum = a.wrapping_add(b);
        self.total.fetch_add(sum, Ordering::Relaxed);
        sum.to_string()
    }

    #[tool(description = "Takes its time")]
    async fn slow(&self, Parameters(times): Parameters<Times>) -> Result<String, ErrorData> {
        slow("math", times).await
    }
}

#[tool_handler(name = "math")]
impl ServerHandler for Math {
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tools = Self::tool_router();
        self.calls.run(tools, self, request, context).await
    }
}

/// Holds its workspace for as long as it takes. Whatever ends it, the workspace is cleaned up before it is gone.
async fn slow(server: &'static str, times: Times) -> Result<String, ErrorData> {
    let cleanup = Duration::from_millis(times.cleanup_ms);
    Workspace::open(server, cleanup)
        .scope_ok(async |_| tokio::time::sleep(Duration::from_millis(times.ms)).await)
        .await
        .map(|()| "slept".to_owned())
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))
}
