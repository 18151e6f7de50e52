//! Several tasks share a pool of clients, and close them in any order from any task; one of two servers is killed meanwhile.
//!
//! Run it with `cargo run -p sse_client --bin pool`. Each client lives in a task of its own: the journal shows that the task that closes
//! it is another one, and that it is exited all the same by the task that entered it.
//!
//! - `main.rs`: the pool, and what its users do
//! - the client and the server are those of the example `sse_client`

#[path = "../sse_client/client.rs"]
mod client;
#[path = "../sse_client/journal.rs"]
mod journal;
#[path = "../sse_client/server.rs"]
mod server;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use lifespan::event::{self, Level};
use lifespan::{BoxError, Error, Exit, Live, Owner, drain, scoped_resource, timeout};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task;

use crate::client::{SseClient, SseError};
use crate::journal::Journal;
use crate::server::Server;

/// The whole story takes less than one second; this is for the day something hangs.
const LIMIT: Duration = Duration::from_secs(5);

static ENTERED: AtomicUsize = AtomicUsize::new(0);
static EXITED: AtomicUsize = AtomicUsize::new(0);

/// A client of the pool; knows which task it belongs to.
struct Session {
    name: &'static str,
    client: Live<SseClient>,
    home: task::Id,
    journal: Journal,
}

#[scoped_resource(exit_timeout = "2s")]
impl Session {
    #[enter]
    async fn open(name: &'static str, url: String, journal: Journal) -> Result<Self, Error> {
        let client = SseClient::connect(url, journal).enter().await?;
        ENTERED.fetch_add(1, Ordering::Relaxed);
        let home = task::id();
        journal.line(name, format_args!("entered by task {home}"));
        Ok(Session {
            name,
            client,
            home,
            journal,
        })
    }

    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), Error> {
        let (here, cause) = (task::id(), exit.cause());
        let exited = self.client.exit_as(exit).await;
        assert_eq!(here, self.home, "a client is exited by the task that entered it");
        EXITED.fetch_add(1, Ordering::Relaxed);
        let text = format!("exited by task {here} ({cause})");
        self.journal.line(self.name, text);
        exited
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let journal = Journal::start();
    event::print_warnings(false);
    event::observe(Level::Warn, move |event| journal.line("lifespan", event));
    timeout(LIMIT, tell(journal)).await??;

    assert_eq!(drain().await.still_live().len(), 0);
    let (entered, exited) = (ENTERED.load(Ordering::Relaxed), EXITED.load(Ordering::Relaxed));
    assert_eq!((entered, exited), (4, 4));
    Journal::section("Every client was exited by the task that had entered it.");
    Ok(())
}

async fn tell(journal: Journal) -> Result<(), BoxError> {
    Journal::section("Two servers start, and four clients connect");
    let doomed = Doomed::start(journal).await?;
    Server::start(journal)
        .scope(async |server| {
            Box::pin(use_both(journal, server.url(), doomed)).await?;
            let seen = server.record();
            assert_eq!(seen.opened, seen.closed, "still open: {:?}", seen.still_open);
            Ok(())
        })
        .await
}

async fn use_both(journal: Journal, url: String, doomed: Doomed) -> Result<(), BoxError> {
    let open = async |name, url: &str| Session::open(name, url.to_owned(), journal).spawn().await;
    let [one, two] = [open("one", &url).await?, open("two", &url).await?];
    let [three, four] = [open("three", &doomed.url).await?, open("four", &doomed.url).await?];

    Journal::section("Two tasks read from one client; a third one closes it");
    let readers = [read(&one), read(&one)].map(tokio::spawn);
    let closer = {
        let one = one.clone();
        tokio::spawn(async move {
            one.with(async |one| one.client.next().await.map_err(BoxError::from))
                .await?;
            journal.line("task", format_args!("{} closes one", task::id()));
            Ok::<_, BoxError>(one.close().await?)
        })
    };
    closer.await??;
    for reader in readers {
        let error = reader.await?.expect_err("they read until it is closed");
        journal.line("reader", error);
    }

    Journal::section("A server is killed: its clients are closed by who finds out, and by main");
    let readers = [read(&three), read(&four)].map(tokio::spawn);
    doomed.kill();
    for reader in readers {
        let error = reader.await?.expect_err("the stream breaks");
        journal.line("reader", error);
    }
    for owner in [three, four] {
        let error = owner.close().await.expect_err("nobody is left to say goodbye to");
        journal.line("main", error);
    }

    Journal::section("The last handle of a client is dropped: its exit is asked for, and drained");
    drop(two);
    let drained = drain().await;
    journal.line("main", &drained);
    drained.into_result()?;
    Ok(())
}

/// Reads until that fails.
fn read(owner: &Owner<Session>) -> impl Future<Output = Result<(), BoxError>> + Send + 'static {
    let owner = owner.clone();
    async move {
        loop {
            let next = owner.with(async |session| -> Result<_, BoxError> {
                session.client.next().await.map_err(|error: SseError| error.into())
            });
            next.await?;
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
    async fn start(journal: Journal) -> Result<Self, BoxError> {
        let (started, has_started) = oneshot::channel();
        let (kill, killed) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("the first one was built, too");
            runtime.block_on(async {
                let server = Server::start(journal).enter().await;
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
