//! A signal with streams held and calls in flight: all of it ends, in order, within its time, and what does not is named.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::server::{Server, two_servers};
use super::session::{Session, Stream, call_without_session, text_of};

const CLIENTS: usize = 50;

/// Ten times what it is to take: the cleanup, and half a second.
const CEILING: Duration = Duration::from_secs(8);

/// A client with a stream of its own and a call in flight.
async fn busy(url: String) -> (Session, [Stream; 2]) {
    let session = Session::open(url).await.unwrap();
    let idle = session.listen().await.unwrap();
    let times = json!({ "ms": 60_000, "cleanup_ms": 300 });
    let call = session.begin("slow", times).await.unwrap();
    (session, [idle, call])
}

#[tokio::test]
async fn fifty_streams_and_fifty_calls_end_within_the_cleanup() {
    let mut server = Server::start(two_servers(&[])).await;
    let endpoints = ["echo", "math"].into_iter().cycle().take(CLIENTS);
    let clients = join_all(endpoints.map(|endpoint| busy(server.url(endpoint)))).await;
    server.says("a slow call has its workspace", CLIENTS).await;

    server.signal("TERM").await;
    server.says("cleanup begins", 1).await;
    let late = Session::open(server.url("math")).await;
    assert!(late.is_err(), "nobody new is served");
    let (sessions, streams): (Vec<_>, Vec<_>) = clients.into_iter().unzip();
    for [idle, call] in streams {
        idle.rest().await.expect("a clean end");
        let answers = call.rest().await.expect("a clean end");
        assert_eq!(text_of(&answers[0]), "the server is shutting down");
    }
    let ended = server.ended().await;
    assert!(ended.status.success(), "{:#?}", ended.said);
    assert!(ended.after < CEILING, "{:?}", ended.after);
    assert_eq!(ended.said("cleanup has ended"), CLIENTS);
    assert_eq!(ended.said("is closed, calls: 0 answered, 25 not"), 2);
    for session in sessions {
        assert!(session.is_known().await.is_err(), "nobody listens any more");
    }
}

#[tokio::test]
async fn a_call_without_a_session_unwinds_as_well() {
    let mut server = Server::start(two_servers(&[])).await;
    let url = server.url("math");
    let times = json!({ "ms": 60_000, "cleanup_ms": 300 });
    let call = tokio::spawn(async move { call_without_session(&url, "slow", times).await });
    server.says("a slow call has its workspace", 1).await;

    server.signal("TERM").await;
    let ended = server.ended().await;
    assert!(ended.status.success(), "{:#?}", ended.said);
    ended.tells(&["cleanup begins: cancelled", "cleanup has ended", "math      is closed"]);
    let answers = Stream(call.await.unwrap().unwrap()).rest().await.unwrap();
    assert_eq!(text_of(&answers[0]), "the server is shutting down");
}

#[tokio::test]
async fn a_call_that_ignores_everything_is_named_and_ended() {
    let mut server = Server::start(two_servers(&["--patience", "200"])).await;
    let session = Session::open(server.url("math")).await.unwrap();
    let times = json!({ "ms": 60_000, "cleanup_ms": 60_000 });
    let _call = session.begin("slow", times).await.unwrap();
    server.says("a slow call has its workspace", 1).await;

    server.signal("TERM").await;
    let ended = server.ended().await;
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.after < CEILING, "{:?}", ended.after);
    assert!(ended.said("math/slow #2") > 0, "{:#?}", ended.said);
    // The other one is not harmed by it.
    ended.tells(&["echo      is closed"]);
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let mut server = Server::start(two_servers(&[])).await;
    let session = Session::open(server.url("math")).await.unwrap();
    let times = json!({ "ms": 60_000, "cleanup_ms": 60_000 });
    let _call = session.begin("slow", times).await.unwrap();
    server.says("a slow call has its workspace", 1).await;

    server.signal("TERM").await;
    server.says("cleanup begins", 1).await;
    server.signal("INT").await;
    let ended = server.ended().await;
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.said("cleanup has ended"), 0);
    ended.tells(&["SIGINT came after SIGTERM, so what was left was not waited for"]);
}

#[tokio::test]
async fn half_a_request_does_not_hold_it_back() {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpStream;

    let mut server = Server::start(two_servers(&[])).await;
    let mut client = TcpStream::connect(("127.0.0.1", server.port().parse().unwrap()))
        .await
        .unwrap();
    client
        .write_all(b"POST /math HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n")
        .await
        .unwrap();
    // A server that has answered another client by now has accepted this one.
    Session::open(server.url("math")).await.unwrap();

    server.signal("TERM").await;
    let ended = server.ended().await;
    assert!(ended.status.success(), "{:#?}", ended.said);
    assert!(ended.after < CEILING, "{:?}", ended.after);
}
