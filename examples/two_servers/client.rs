//! The client of the demonstration: the one that rmcp has, in this process. It is a scoped resource: its end takes leave of the
//! server.

use std::net::SocketAddr;

use lifespan::{BoxError, Enter, Lifespan, Resource};
use rmcp::model::{CallToolRequestParams, JsonObject, ProtocolVersion};
use rmcp::service::RunningService;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientLifecycleMode, ClientServiceExt, RoleClient, object};

use super::app::App;
use super::timeline;

type Client = Resource<RunningService<RoleClient, ()>>;

fn connect(
    address: SocketAddr,
    server: &'static str,
    lifecycle: ClientLifecycleMode,
) -> Lifespan<Client, impl Enter<Client>> {
    let url = format!("http://{address}/{server}");
    let connecting = async move {
        let transport = StreamableHttpClientTransport::from_uri(url);
        ().serve_with_lifecycle(transport, lifecycle).await
    };
    Lifespan::new(connecting, async |client, _| client.cancel().await.map(drop)).named(format!("client of {server}"))
}

/// Initialises, lists and calls, on both servers.
pub(crate) async fn ask_both(app: &mut App) -> Result<(), BoxError> {
    let address = *app.http;
    ask(address, "echo", "echo", object!({ "text": "hello" })).await?;
    ask(address, "math", "add", object!({ "a": 19, "b": 23 })).await
}

async fn ask(
    address: SocketAddr,
    server: &'static str,
    tool: &'static str,
    arguments: JsonObject,
) -> Result<(), BoxError> {
    connect(address, server, ClientLifecycleMode::Initialize)
        .scope(async |client| {
            let tools = client.list_all_tools().await?;
            let names: Vec<_> = tools.iter().map(|tool| &*tool.name).collect();
            timeline::line("client", format_args!("{server} has {}", names.join(", ")));
            let answer = call(client, tool, arguments).await?;
            timeline::line("client", format_args!("{server}/{tool} says {answer}"));
            Ok(())
        })
        .await
}

async fn call(client: &Client, tool: &'static str, arguments: JsonObject) -> Result<String, BoxError> {
    let request = CallToolRequestParams::new(tool).with_arguments(arguments);
    let answer = client.call_tool(request).await?;
    let text = answer.content.first().and_then(|content| content.as_text());
    Ok(text.map_or_else(String::new, |text| text.text.clone()))
}

/// As [`ask_both`], and one call is in flight when the application ends.
pub(crate) async fn end_in_mid_call(app: Lifespan<App, impl Enter<App>>) -> Result<(), BoxError> {
    let (caller, sessions) = app
        .scope(async |app| -> Result<_, BoxError> {
            ask_both(app).await?;
            let mut begun = app.math.tally().begun.subscribe();
            let caller = tokio::spawn(call_slow(*app.http));
            begun.changed().await?;
            timeline::line("body", "ends while a call is in flight");
            Ok((caller, [app.echo.sessions(), app.math.sessions()]))
        })
        .await?;
    for sessions in sessions {
        assert!(sessions.sessions.read().await.is_empty());
    }
    let told = caller.await?;
    timeline::line("client", format_args!("is told of the slow call: {told}"));
    lifespan::drain().await.into_result()?;
    Ok(())
}

/// With the protocol that has no sessions, in which a call lives for one HTTP request.
async fn call_slow(address: SocketAddr) -> String {
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    let called = connect(address, "math", lifecycle).scope(async |client| {
        let times = object!({ "ms": 60_000, "cleanup_ms": 300 });
        call(client, "slow", times).await
    });
    called.await.unwrap_or_else(|error| error.to_string())
}
