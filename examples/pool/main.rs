//! Several tasks share a pool of clients, and close them in any order from any task; one of two servers is killed meanwhile.
//!
//! Run it with `cargo run -p sse_client --bin pool`. Each client lives in a task of its own: the task that closes it is another one, and
//! it is exited all the same by the task that entered it, as the events show.
//!
//! - `main.rs`: the pool, and what its users do
//! - the client and the server are those of the example `sse_client`

#[path = "../sse_client/client.rs"]
mod client;
#[path = "../sse_client/output.rs"]
mod output;
#[path = "../sse_client/server.rs"]
mod server;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use lifespan::event::{self, Event, EventKind, Id, Level};
use lifespan::{BoxError, Owner, drain, timeout};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task;

use crate::client::SseClient;
use crate::output::{line, section};
use crate::server::Server;

/// The whole story takes less than one second; this is for the day something hangs.
const LIMIT: Duration = Duration::from_secs(5);

/// Which task has entered each client that is live, and how many were exited, by that task or another.
static SEEN: Mutex<Option<Seen>> = Mutex::new(None);

#[derive(Default)]
struct Seen {
    entered_by: HashMap<Id, Option<task::Id>>,
    exited_at_home: u32,
    exited_elsewhere: u32,
}

/// An observer: clients are those that are called like one.
fn watch(event: &Event<'_>) {
    let (Some(id), true) = (event.id(), ["one", "two", "three", "four"].contains(&event.name())) else {
        return;
    };
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = seen.get_or_insert_default();
    match event.kind() {
        EventKind::Entered { .. } => _ = seen.entered_by.insert(id, event.task()),
        // The life of a handle, which is called as its client.
        EventKind::HandedOn => _ = seen.entered_by.remove(&id),
        EventKind::Exited { .. } | EventKind::ExitFailed { .. } => {
            let is_home = seen.entered_by.remove(&id) == Some(event.task());
            seen.exited_at_home += u32::from(is_home);
            seen.exited_elsewhere += u32::from(!is_home);
        }
        _ => {}
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    output::show_events();
    event::observe(Level::Debug, watch);
    timeout(LIMIT, tell()).await??;

    assert_eq!(drain().await.still_live().len(), 0);
    let seen = SEEN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
        .unwrap_or_default();
    assert_eq!(
        (seen.entered_by.len(), seen.exited_at_home, seen.exited_elsewhere),
        (0, 4, 0)
    );
    section("Every client was exited by the task that had entered it.");
    Ok(())
}

async fn tell() -> Result<(), BoxError> {
    section("Two servers start, and four clients connect");
    let doomed = Doomed::start().await?;
    Server::start()
        .scope(async |server| {
            Box::pin(use_both(server.url(), doomed)).await?;
            let seen = server.record();
            assert_eq!(seen.opened, seen.closed, "still open: {:?}", seen.still_open);
            Ok(())
        })
        .await
}

async fn use_both(url: String, doomed: Doomed) -> Result<(), BoxError> {
    let open = async |name, url: &str| SseClient::connect(url.to_owned()).named(name).spawn().await;
    let [one, two] = [open("one", &url).await?, open("two", &url).await?];
    let [three, four] = [open("three", &doomed.url).await?, open("four", &doomed.url).await?];

    section("Two tasks read from one client; a third one closes it");
    let readers = [read(&one), read(&one)].map(tokio::spawn);
    let closer = {
        let one = one.clone();
        tokio::spawn(async move {
            one.with(async |one| one.next().await.map_err(BoxError::from)).await?;
            line("task", format_args!("{} closes one", task::id()));
            Ok::<_, BoxError>(one.close().await?)
        })
    };
    closer.await??;
    for reader in readers {
        let error = reader.await?.expect_err("they read until it is closed");
        line("reader", error);
    }

    section("A server is killed: its clients are closed by who finds out, and by main");
    let readers = [read(&three), read(&four)].map(tokio::spawn);
    doomed.kill();
    for reader in readers {
        let error = reader.await?.expect_err("the stream breaks");
        line("reader", error);
    }
    for owner in [three, four] {
        let error = owner.close().await.expect_err("nobody is left to say goodbye to");
        line("main", error);
    }

    section("The last handle of a client is dropped: its exit is asked for, and drained");
    drop(two);
    let drained = drain().await;
    line("main", &drained);
    drained.into_result()?;
    Ok(())
}

/// Reads until that fails.
fn read(owner: &Owner<SseClient>) -> impl Future<Output = Result<(), BoxError>> + Send + 'static {
    let owner = owner.clone();
    async move {
        loop {
            owner
                .with(async |client| client.next().await.map_err(BoxError::from))
                .await?;
        }
    }
}

/// A server in a process of its own, as it were: a runtime that can be killed.
struct Doomed {
    url: String,
    kill: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Doomed {
    async fn start() -> Result<Self, BoxError> {
        let (started, has_started) = oneshot::channel();
        let (kill, killed) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("the first one was built, too");
            runtime.block_on(async {
                let server = Server::start().enter().await;
                let server = server.expect("a loopback port is free");
                let _ = started.send(server.url());
                let _ = killed.await;
                // Killed, it says nothing to anybody.
                std::mem::forget(server);
            });
        });
        let url = has_started.await?;
        Ok(Doomed { url, kill, thread })
    }

    fn kill(self) {
        let _ = self.kill.send(());
        let _ = self.thread.join();
    }
}
