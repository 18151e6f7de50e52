//! The outside driver: this example, the same without this library, and the Python original, started, stopped and measured in
//! the same way. Prints a table: `cargo test -p lifespan-systems figures -- --nocapture`.
//!
//! What is asserted is ten times what is promised, and only of ours.

use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::process::Command;

use super::environment::Environment;
use super::server::{Server, plain, two_servers};
use super::session::{Session, Stream};

const STREAMS: usize = 50;
const CLEANUP: Duration = Duration::from_millis(300);
const PROMISED: Duration = Duration::from_millis(500);

/// When a program that does not end is killed.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn start_stop_and_memory() {
    let ours = measure(|| two_servers(&[])).await;
    let others = measure(plain).await;
    println!("\n{}", Figures::HEAD);
    println!("{:<20}{ours}", "lifespan");
    println!("{:<20}{others}", "axum and rmcp alone");
    if let Some(python) = Environment::of("mcp-1").await {
        let original = measure(|| python.runs("two_servers.py", &[])).await;
        println!("{:<20}{original}", "Python, uvicorn");
    }

    let [idle, busy] = [&ours.idle, &ours.busy].map(|stop| stop.after.expect("it ends"));
    assert!(idle < 10 * PROMISED, "{idle:?}");
    assert!(busy < 10 * (CLEANUP + PROMISED), "{busy:?}");
    assert_eq!((ours.idle.clean_ends, ours.busy.clean_ends), (STREAMS, STREAMS + 1));
    assert!(ours.busy.cleaned_up);
}

/// What is seen of a program.
struct Figures {
    start: Duration,
    /// KiB, at rest and with the streams.
    memory: [Option<u64>; 2],
    /// With streams, and nothing else.
    idle: Stop,
    /// With streams, and one call in flight.
    busy: Stop,
}

struct Stop {
    /// From the signal until the process was gone; `None` if it had to be killed.
    after: Option<Duration>,
    /// How many responses ended as they should.
    clean_ends: usize,
    /// Whether the call's cleanup came to its end.
    cleaned_up: bool,
}

async fn measure(command: impl Fn() -> Command) -> Figures {
    let server = Server::start(command()).await;
    let start = server.started_in;
    let at_rest = server.memory();
    let streams = hold_streams(&server).await;
    let memory = [at_rest, server.memory()];
    let idle = stop(server, streams).await;

    let mut server = Server::start(command()).await;
    let mut streams = hold_streams(&server).await;
    let caller = Session::open(server.url("math")).await.expect("it serves");
    let times = json!({ "ms": 60_000, "cleanup_ms": CLEANUP.as_millis() });
    streams.push(caller.begin("slow", times).await.expect("it serves"));
    server.says("a slow call has its workspace", 1).await;
    let busy = stop(server, streams).await;
    Figures { start, memory, idle, busy }
}

async fn hold_streams(server: &Server) -> Vec<Stream> {
    let endpoints = ["echo", "math"].into_iter().cycle().take(STREAMS);
    let streams = endpoints.map(async |endpoint| {
        let session = Session::open(server.url(endpoint)).await.expect("it serves");
        session.listen().await.expect("it serves")
    });
    join_all(streams).await
}

async fn stop(mut server: Server, streams: Vec<Stream>) -> Stop {
    let ends = tokio::spawn(join_all(streams.into_iter().map(Stream::rest)));
    server.signal("TERM").await;
    let ended = server.ended_within(PATIENCE).await;
    let ends = ends.await.expect("it only reads");
    Stop {
        after: ended.as_ref().map(|ended| ended.after),
        clean_ends: ends.iter().filter(|end| end.is_ok()).count(),
        cleaned_up: ended.is_some_and(|ended| ended.said("cleanup has ended") == 1),
    }
}

impl Figures {
    const HEAD: &str = "\
\x20                                  MiB, with   stop with 50 streams   the same and a call in flight,\n\
\x20                     start  MiB  50 streams   (clean ends)           whose cleanup takes 300 ms";
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.start.as_millis();
        let [at_rest, busy] = self.memory.map(|kib| kib.unwrap_or_default() / 1024);
        let [idle, call] = [self.idle.to_string(), self.busy.to_string()];
        let cleanup = if self.busy.cleaned_up { "done" } else { "lost" };
        write!(
            f,
            "{start:>4} ms  {at_rest:>3}  {busy:>10}   {idle:<21}  {call}, cleanup {cleanup}"
        )
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean_ends = self.clean_ends;
        match self.after.map(|after| after.as_secs_f64() * 1000.0) {
            Some(after) => write!(f, "{after:.1} ms ({clean_ends})"),
            None => write!(f, "not within {PATIENCE:?} ({clean_ends})"),
        }
    }
}
