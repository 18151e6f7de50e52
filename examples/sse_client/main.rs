//! A client reads server-sent events, and its last request, the goodbye, reaches the server whichever way its scope ends.
//!
//! Run it with `cargo run -p sse_client`. It starts a real server on a loopback port, leaves a client's scope in
//! every way there is, and counts in the end what the server has seen: as many goodbyes as hellos.
//!
//! - `client.rs`: the client, with its `#[enter]` and `#[exit]`: read this first
//! - `main.rs`: the ways out
//! - `server.rs`: the server, which is a scoped resource as well
//! - `journal.rs`, `panics.rs`: what is printed, and what is not

mod client;
mod journal;
mod panics;
mod server;

use std::time::Duration;

use lifespan::BoxError;
use lifespan::event::{self, Level};
use tokio::sync::oneshot;

use crate::client::SseClient;
use crate::journal::Journal;
use crate::server::{Record, Server};

/// The whole story takes less than one second; this is for the day something hangs.
const LIMIT: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let journal = Journal::start();
    // What no return value can tell comes here; it would be printed to standard error as well.
    event::print_warnings(false);
    event::observe(Level::Warn, move |event| journal.line("lifespan", event));
    panics::quiet_expected();

    Journal::section("The server starts");
    let story = Server::start(journal).scope(async |server| tell(journal, server).await);
    let story = tokio::time::timeout(LIMIT, story).await;
    drain(journal).await?;

    let seen = story.map_err(|_| format!("not done within {LIMIT:?}"))??;
    let lost = seen.still_open;
    assert_eq!(seen.opened, seen.closed, "still open: {lost:?}");
    Journal::section("Every session that was opened has been closed.");
    Ok(())
}

/// One client after the other, each with another end.
async fn tell(journal: Journal, server: &Server) -> Result<Record, BoxError> {
    returns(journal, server).await?;
    fails(journal, server).await;
    panics(journal, server).await;
    loses_a_select(journal, server).await?;
    is_aborted(journal, server).await?;
    is_exited_by_another_task(journal, server).await?;
    is_handed_over(journal, server).await?;

    Journal::section("What the server has seen");
    let seen = server.record();
    let text = format!("sessions opened: {}, closed: {}", seen.opened, seen.closed);
    journal.line("server", text);
    Ok(seen)
}

async fn returns(journal: Journal, server: &Server) -> Result<(), BoxError> {
    Journal::section("1. The body returns: its value comes back after the exit");
    let last = SseClient::connect(server.url(), journal)
        .scope(async |client| -> Result<_, BoxError> {
            client.next().await?;
            Ok(client.next().await?)
        })
        .await?;
    journal.line("main", format_args!("the scope returned: tick {last}"));
    Ok(())
}

async fn fails(journal: Journal, server: &Server) {
    Journal::section("2. The body fails: its error comes back after the exit");
    let error = SseClient::connect(server.url(), journal)
        .scope(async |client| -> Result<(), BoxError> {
            client.next().await?;
            Err("disk full".into())
        })
        .await
        .expect_err("the body fails");
    journal.line("main", format_args!("the scope failed: {error}"));
}

async fn panics(journal: Journal, server: &Server) {
    Journal::section("3. The body panics: the panic goes on after the exit");
    let scope = SseClient::connect(server.url(), journal).scope(async |client| -> Result<(), BoxError> {
        client.next().await?;
        panic!("a bug in the body");
    });
    let text = panics::expected(scope).await.expect_err("the body panics");
    journal.line("main", format_args!("the scope panicked: {text}"));
}

async fn loses_a_select(journal: Journal, server: &Server) -> Result<(), BoxError> {
    Journal::section("4. An inner scope loses a `select!` and is dropped: the outer scope adopts its exit");
    let (started, has_started) = oneshot::channel();
    SseClient::connect(server.url(), journal)
        .scope(async |outer| {
            let inner = SseClient::connect(server.url(), journal);
            tokio::select! {
                result = inner.scope(async |client| read_all(client, started).await) => result?,
                _ = has_started => journal.line("main", "dropped the inner scope"),
            }
            outer.next().await?;
            Ok(())
        })
        .await
}

async fn is_aborted(journal: Journal, server: &Server) -> Result<(), BoxError> {
    Journal::section("5. A spawned task is aborted: no scope is left to adopt the exit, so it is rescued");
    let (started, has_started) = oneshot::channel();
    let scope = SseClient::connect(server.url(), journal).scope(async |client| read_all(client, started).await);
    let task = tokio::spawn(scope);
    has_started.await?;
    task.abort();
    // `abort` only asks: the scope is dropped, and its exit rescued, by the time the task has ended.
    let ended = task.await.expect_err("the task is aborted");
    journal.line("main", format_args!("aborted: {ended}"));
    drain(journal).await
}

async fn is_exited_by_another_task(journal: Journal, server: &Server) -> Result<(), BoxError> {
    Journal::section("6. Another task tries to exit a client that it has not entered");
    let mut client = SseClient::connect(server.url(), journal).enter().await?;
    client.next().await?;
    match panics::expected(async move { client.exit().await }).await {
        Err(text) => {
            assert!(lifespan::checks_enabled());
            journal.line("main", format_args!("the other task panicked:\n{text}"));
        }
        Ok(result) => {
            assert!(!lifespan::checks_enabled());
            result?;
            journal.line("main", "nobody objected, and the exit ran in the other task");
            journal.line("main", "(a debug build, or the feature `checks`, panics)");
        }
    }
    drain(journal).await
}

async fn is_handed_over(journal: Journal, server: &Server) -> Result<(), BoxError> {
    Journal::section("7. The same, done right: the client is handed over to the other task");
    let mut client = SseClient::connect(server.url(), journal).enter().await?;
    client.next().await?;
    let ticket = client.hand_over();
    tokio::spawn(async move { ticket.accept().exit().await }).await??;
    journal.line("main", "the other task has exited it");
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
async fn drain(journal: Journal) -> Result<(), BoxError> {
    let drained = lifespan::drain().await;
    for (name, _) in drained.waited_for() {
        journal.line("main", format_args!("waited for the exit of {name}"));
    }
    match drained.into_failures().pop() {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}
