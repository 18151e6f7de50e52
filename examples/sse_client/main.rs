//! A client reads server-sent events, and its last request, the goodbye, reaches the server whichever way its scope ends.
//!
//! Run it with `cargo run -p sse_client`. It starts a real server on a loopback port, leaves a client's scope in
//! every way there is, and counts in the end what the server has seen: as many goodbyes as hellos.
//!
//! - `client.rs`: the client, with its `#[enter]` and `#[exit]`: read this first
//! - `main.rs`: the ways out
//! - `server.rs`: the server, which is a scoped resource as well
//! - `output.rs`, `panics.rs`: what is printed, and what is not

mod client;
mod output;
mod panics;
mod server;

use std::time::Duration;

use lifespan::BoxError;
use tokio::sync::oneshot;

use crate::client::SseClient;
use crate::output::{line, section};
use crate::server::{Record, Server};

/// The whole story takes less than one second; this is for the day something hangs.
const LIMIT: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    output::show_events();
    panics::quiet_expected();

    section("The server starts");
    let story = Server::start().scope(async |server| tell(server).await);
    let story = tokio::time::timeout(LIMIT, story).await;
    drain().await?;

    let seen = story.map_err(|_| format!("not done within {LIMIT:?}"))??;
    let lost = seen.still_open;
    assert_eq!(seen.opened, seen.closed, "still open: {lost:?}");
    section("Every session that was opened has been closed.");
    Ok(())
}

/// One client after the other, each with another end.
async fn tell(server: &Server) -> Result<Record, BoxError> {
    returns(server).await?;
    fails(server).await;
    panics(server).await;
    loses_a_select(server).await?;
    is_aborted(server).await?;
    is_exited_by_another_task(server).await?;
    is_handed_over(server).await?;

    section("What the server has seen");
    let seen = server.record();
    let text = format!("sessions opened: {}, closed: {}", seen.opened, seen.closed);
    line("server", text);
    Ok(seen)
}

async fn returns(server: &Server) -> Result<(), BoxError> {
    section("1. The body returns: its value comes back after the exit");
    let last = SseClient::connect(server.url())
        .scope(async |client| -> Result<_, BoxError> {
            client.next().await?;
            Ok(client.next().await?)
        })
        .await?;
    line("main", format_args!("the scope returned: tick {last}"));
    Ok(())
}

async fn fails(server: &Server) {
    section("2. The body fails: its error comes back after the exit");
    let error = SseClient::connect(server.url())
        .scope(async |client| -> Result<(), BoxError> {
            client.next().await?;
            Err("disk full".into())
        })
        .await
        .expect_err("the body fails");
    line("main", format_args!("the scope failed: {error}"));
}

async fn panics(server: &Server) {
    section("3. The body panics: the panic goes on after the exit");
    let scope = SseClient::connect(server.url()).scope(async |client| -> Result<(), BoxError> {
        client.next().await?;
        panic!("a bug in the body");
    });
    let text = panics::expected(scope).await.expect_err("the body panics");
    line("main", format_args!("the scope panicked: {text}"));
}

async fn loses_a_select(server: &Server) -> Result<(), BoxError> {
    section("4. An inner scope loses a `select!` and is dropped: the outer scope adopts its exit");
    let (started, has_started) = oneshot::channel();
    SseClient::connect(server.url())
        .named("outer")
        .scope(async |outer| {
            let inner = SseClient::connect(server.url()).named("inner");
            tokio::select! {
                result = inner.scope(async |client| read_all(client, started).await) => result?,
                _ = has_started => line("main", "dropped the inner scope"),
            }
            outer.next().await?;
            Ok(())
        })
        .await
}

async fn is_aborted(server: &Server) -> Result<(), BoxError> {
    section("5. A spawned task is aborted: no scope is left to adopt the exit, so it is rescued");
    let (started, has_started) = oneshot::channel();
    let scope = SseClient::connect(server.url()).scope(async |client| read_all(client, started).await);
    let task = tokio::spawn(scope);
    has_started.await?;
    task.abort();
    // `abort` only asks: the scope is dropped, and its exit rescued, by the time the task has ended.
    let ended = task.await.expect_err("the task is aborted");
    line("main", format_args!("aborted: {ended}"));
    drain().await
}

async fn is_exited_by_another_task(server: &Server) -> Result<(), BoxError> {
    section("6. Another task tries to exit a client that it has not entered");
    let mut client = SseClient::connect(server.url()).enter().await?;
    client.next().await?;
    match panics::expected(async move { client.exit().await }).await {
        Err(text) => {
            assert!(lifespan::checks_enabled());
            line("main", format_args!("the other task panicked:\n{text}"));
        }
        Ok(result) => {
            assert!(!lifespan::checks_enabled());
            result?;
            line("main", "nobody objected, and the exit ran in the other task");
            line("main", "(a debug build, or the feature `checks`, panics)");
        }
    }
    drain().await
}

async fn is_handed_over(server: &Server) -> Result<(), BoxError> {
    section("7. The same, done right: the client is handed over to the other task");
    let mut client = SseClient::connect(server.url()).enter().await?;
    client.next().await?;
    let ticket = client.hand_over();
    tokio::spawn(async move { ticket.accept().exit().await }).await??;
    line("main", "the other task has exited it");
    Ok(())
}

/// Reads until the stream ends, and tells when it has begun.
async fn read_all(client: &mut SseClient, started: oneshot::Sender<()>) -> Result<(), BoxError> {
    client.next().await?;
    let _ = started.send(());
    loop {
        client.next().await?;
    }
}

/// Waits for rescued exits, as each program does at its end: they would be lost with the runtime.
async fn drain() -> Result<(), BoxError> {
    let drained = lifespan::drain().await;
    for (name, _) in drained.waited_for() {
        line("main", format_args!("waited for the exit of {name}"));
    }
    match drained.into_failures().pop() {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}
