//! The official Python client of both major versions (`python/client.py`): it asks both servers, and sees its stream and its
//! call end when the server does.

use std::path::Path;

use tokio::process::Command;

use super::environment::Environment;
use super::server::{Server, two_servers};

#[tokio::test]
async fn the_client_of_version_1_asks_both_servers_and_sees_them_end() {
    asks_and_sees_them_end("mcp-1", &["2025-11-25"]).await;
}

#[tokio::test]
async fn the_client_of_version_2_asks_both_servers_and_sees_them_end() {
    // The newer protocol, and the older one that it speaks as well.
    asks_and_sees_them_end("mcp-2", &["2026-07-28", "2025-11-25"]).await;
}

async fn asks_and_sees_them_end(version: &str, protocols: &[&str]) {
    let Some(python) = Environment::of(version).await else {
        return;
    };
    let mut server = Server::start(two_servers(&[])).await;
    let mut client = Server::spawn(python.runs("client.py", &[server.address()]));
    client.says("holds a stream", 1).await;
    server.says("a slow call has its workspace", 1).await;

    server.signal("TERM").await;
    let (server, client) = (server.ended().await, client.ended().await);
    assert!(server.status.success(), "{:#?}", server.said);
    assert!(client.status.success(), "{:#?}", client.said);
    server.tells(&["cleanup begins: cancelled", "cleanup has ended", "math      is closed"]);
    for protocol in protocols {
        client.tells(&[
            &format!("{protocol} lists echo slow"),
            &format!("{protocol} echo says hello"),
            &format!("{protocol} lists add slow"),
            &format!("{protocol} add says 42"),
        ]);
    }
    client.tells(&[
        "holds a stream",
        "slow fails: the server is shutting down",
        "the stream has ended",
        "done",
    ]);
}

impl Environment {
    /// One of the scripts in `python/`.
    pub(crate) fn runs(&self, script: &str, arguments: &[&str]) -> Command {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
        let mut command = Command::new(self.python());
        command.arg(scripts.join(script)).args(arguments);
        command
    }
}
