//! Both servers answer, beside each other, in both protocols.

use serde_json::json;

use super::server::{Server, two_servers};
use super::session::{Session, Stream, call_without_session, text_of};

#[tokio::test]
async fn each_server_has_its_own_tools_and_sessions() {
    let mut server = Server::start(two_servers(&[])).await;
    let echo = Session::open(server.url("echo")).await.unwrap();
    let math = Session::open(server.url("math")).await.unwrap();
    assert_eq!(echo.list().await.unwrap(), ["echo", "slow"]);
    assert_eq!(math.list().await.unwrap(), ["add", "slow"]);

    let text = echo.call("echo", json!({ "text": "hello" })).await.unwrap();
    assert_eq!(text, "hello");
    let sum = math.call("add", json!({ "a": 19, "b": 23 })).await.unwrap();
    assert_eq!(sum, "42");
    let times = json!({ "ms": 1, "cleanup_ms": 1 });
    assert_eq!(math.call("slow", times).await.unwrap(), "slept");
    assert_eq!(server.said("cleanup has ended"), 1);

    server.signal("TERM").await;
    let ended = server.ended().await;
    assert!(ended.status.success(), "{:#?}", ended.said);
    // Exits in reverse: the HTTP server before the two that it depends on.
    ended.tells(&[
        "http      refuses what is new",
        "echo      is closed, calls: 1 answered, 0 not",
    ]);
    ended.tells(&[
        "http      refuses what is new",
        "math      is closed, calls: 2 answered, 0 not",
    ]);
}

#[tokio::test]
async fn a_server_answers_without_sessions_as_well() {
    let server = Server::start(two_servers(&[])).await;
    let arguments = json!({ "a": 19, "b": 23 });
    let response = call_without_session(&server.url("math"), "add", arguments)
        .await
        .unwrap();
    let answers = Stream(response.error_for_status().unwrap()).rest().await.unwrap();
    assert_eq!(text_of(&answers[0]), "42");
}
