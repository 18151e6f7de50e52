//! The app ten times in one process, on one port (`bin/restarts.rs`, which asserts that nothing is left after each).

use tokio::process::Command;

use super::server::Server;

#[tokio::test]
async fn ten_times_on_one_port_and_nothing_is_left() {
    for threads in ["1", "4"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_restarts"));
        command.arg(threads);
        let ended = Server::fails(command).await;
        assert!(ended.status.success(), "{:#?}", ended.said);
        assert_eq!(ended.said("nothing is left"), 10);
    }
}
