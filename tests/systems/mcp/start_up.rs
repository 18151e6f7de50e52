//! What fails to start takes what has started with it, and says so (law 19).

use tokio::net::TcpListener;

use super::server::{Server, two_servers};

#[tokio::test]
async fn the_first_server_fails() {
    let ended = Server::fails(two_servers(&["--fail", "echo"])).await;
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.said("listening"), 0);
    ended.tells(&["resource `echo` failed to enter: no state for echo"]);
}

#[tokio::test]
async fn the_second_server_fails_and_the_first_one_rolls_back() {
    let ended = Server::fails(two_servers(&["--fail", "math"])).await;
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.said("listening"), 0);
    ended.tells(&[
        "echo      is open",
        "math      cannot open",
        "echo      is closed",
        "resource `math` failed to enter: no state for math",
    ]);
}

#[tokio::test]
async fn the_port_is_in_use_and_both_servers_roll_back() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let ended = Server::fails(two_servers(&["--port", &port])).await;
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.said("is closed"), 2);
    ended.tells(&["is closed", "is closed", "resource `http` failed to enter: "]);
}
