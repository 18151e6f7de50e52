//! An MCP client of the plainest kind: requests by hand, so that a test sees what is on the wire, and how a stream ends.

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::limit::limited;

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "2025-06-18";

/// An initialised session, with connections of its own.
pub(crate) struct Session {
    http: Client,
    url: String,
    id: String,
}

impl Session {
    pub(crate) async fn open(url: String) -> reqwest::Result<Self> {
        let http = Client::builder().no_proxy().build()?;
        let hello = json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": {
                "protocolVersion": VERSION, "capabilities": {},
                "clientInfo": { "name": "by hand", "version": "1" },
            },
        });
        let response = post(&http, &url, &hello).send().await?.error_for_status()?;
        let id = response.headers().get(SESSION).expect("it has sessions");
        let id = id.to_str().expect("it is a text").to_owned();
        let session = Session { http, url, id };
        Stream(response).rest().await?;
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        session.post(&ready).send().await?.error_for_status()?;
        Ok(session)
    }

    /// The stream on which the server speaks by itself; idle here.
    pub(crate) async fn listen(&self) -> reqwest::Result<Stream> {
        let request = self
            .ours(self.http.get(&self.url))
            .header("accept", "text/event-stream");
        Ok(Stream(request.send().await?.error_for_status()?))
    }

    pub(crate) async fn list(&self) -> reqwest::Result<Vec<String>> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        let answer = self.ask(&request).await?.answer().await?;
        let tools = answer["result"]["tools"].as_array().expect("a list").iter();
        let mut names: Vec<_> = tools
            .map(|tool| tool["name"].as_str().expect("a name").to_owned())
            .collect();
        names.sort();
        Ok(names)
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> reqwest::Result<String> {
        let answer = self.begin(tool, arguments).await?.answer().await?;
        Ok(text_of(&answer))
    }

    /// A call whose answer is still to come.
    pub(crate) async fn begin(&self, tool: &str, arguments: Value) -> reqwest::Result<Stream> {
        let params = json!({ "name": tool, "arguments": arguments });
        let request = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params });
        self.ask(&request).await
    }

    async fn ask(&self, request: &Value) -> reqwest::Result<Stream> {
        Ok(Stream(self.post(request).send().await?.error_for_status()?))
    }

    /// The same session, on another way to its server.
    pub(crate) fn at(&self, url: String) -> Session {
        Session {
            http: Client::builder().no_proxy().build().expect("as before"),
            url,
            id: self.id.clone(),
        }
    }

    /// Whether the server has it.
    pub(crate) async fn is_known(&self) -> reqwest::Result<bool> {
        let ping = json!({ "jsonrpc": "2.0", "id": 3, "method": "ping" });
        Ok(self.post(&ping).send().await?.status() != StatusCode::NOT_FOUND)
    }

    pub(crate) async fn close(&self) -> reqwest::Result<()> {
        let request = self.ours(self.http.delete(&self.url));
        request.send().await?.error_for_status().map(drop)
    }

    fn post(&self, body: &Value) -> RequestBuilder {
        self.ours(post(&self.http, &self.url, body))
    }

    fn ours(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header(SESSION, &self.id)
            .header("mcp-protocol-version", VERSION)
    }
}

/// A call with the protocol that has no sessions: it lives for one HTTP request, and so does what it holds.
pub(crate) async fn call_without_session(url: &str, tool: &str, arguments: Value) -> reqwest::Result<Response> {
    const VERSION: &str = "2026-07-28";
    let http = Client::builder().no_proxy().build()?;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let request = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": tool, "arguments": arguments, "_meta": meta },
    });
    let request = post(&http, url, &request)
        .header("mcp-protocol-version", VERSION)
        .header("mcp-method", "tools/call")
        .header("mcp-name", tool);
    request.send().await
}

fn post(http: &Client, url: &str, body: &Value) -> RequestBuilder {
    http.post(url)
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
        .body(body.to_string())
}

/// A response that is a stream of events.
pub(crate) struct Stream(pub(crate) Response);

impl Stream {
    /// What comes next; `None` at a clean end.
    pub(crate) async fn next(&mut self) -> reqwest::Result<Option<String>> {
        let chunk = limited("the next event", self.0.chunk()).await?;
        Ok(chunk.map(|chunk| String::from_utf8_lossy(&chunk).into_owned()))
    }

    /// All that is left, up to a clean end; an error if it breaks off.
    pub(crate) async fn rest(mut self) -> reqwest::Result<Vec<Value>> {
        let mut text = String::new();
        while let Some(chunk) = self.next().await? {
            text += &chunk;
        }
        let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
        Ok(data.filter_map(|data| serde_json::from_str(data.trim()).ok()).collect())
    }

    async fn answer(self) -> reqwest::Result<Value> {
        Ok(self.rest().await?.pop().expect("an answer"))
    }
}

/// What a call returned, or its error.
pub(crate) fn text_of(answer: &Value) -> String {
    let text = answer["result"]["content"][0]["text"].as_str();
    let text = text.or(answer["error"]["message"].as_str());
    text.unwrap_or_else(|| panic!("neither text nor error: {answer}"))
        .to_owned()
}
