//! Clients that go away in the middle of a call.

use serde_json::json;

use super::server::{Server, two_servers};
use super::session::{Session, call_without_session};

#[tokio::test]
async fn a_call_without_a_session_ends_with_its_client() {
    let mut server = Server::start(two_servers(&[])).await;
    let url = server.url("math");
    let times = json!({ "ms": 60_000, "cleanup_ms": 1 });
    let call = tokio::spawn(async move { call_without_session(&url, "slow", times).await.map(drop) });
    server.says("a slow call has its workspace", 1).await;

    call.abort(); // and with it its connection
    server.says("cleanup has ended", 1).await;
    let other = Session::open(server.url("math")).await.unwrap();
    assert_eq!(other.call("add", json!({ "a": 1, "b": 2 })).await.unwrap(), "3");

    server.signal("TERM").await;
    assert!(server.ended().await.status.success());
}

/// A session outlives its connections, so that its client may come back for the answer; the call goes on until the server ends.
#[tokio::test]
async fn a_call_in_a_session_ends_with_its_server() {
    let mut server = Server::start(two_servers(&[])).await;
    let session = Session::open(server.url("math")).await.unwrap();
    let times = json!({ "ms": 60_000, "cleanup_ms": 1 });
    let call = session.begin("slow", times).await.unwrap();
    server.says("a slow call has its workspace", 1).await;

    drop((call, session)); // and with them their connections
    let other = Session::open(server.url("math")).await.unwrap();
    assert_eq!(other.call("add", json!({ "a": 1, "b": 2 })).await.unwrap(), "3");
    assert_eq!(server.said("cleanup begins"), 0);

    server.signal("TERM").await;
    let ended = server.ended().await;
    assert!(ended.status.success(), "{:#?}", ended.said);
    ended.tells(&["cleanup begins: cancelled", "cleanup has ended", "math      is closed"]);
}
