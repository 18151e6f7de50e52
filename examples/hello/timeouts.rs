//! What a timeout does to three resources that are open in one another: a database, a transaction in it, and a cursor.
//!
//! Three times the same work takes too long:
//!
//! - by hand, under tokio's `timeout`: the future is dropped, and no `close` is reached
//! - with scopes, under tokio's `timeout`: the future is dropped; a background task runs the exits after the timeout has
//!   returned, and `drain` waits for it
//! - with scopes, under `lifespan::timeout`: the future unwinds, from the inside out, before the timeout returns

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifespan::{BoxError, drain, scoped_resource};
use tokio::time::{Instant, sleep};

const MS: Duration = Duration::from_millis(1);

pub(crate) async fn show() {
    let columns = [by_hand().await, dropped().await, unwound().await];
    let titles = [
        "tokio's timeout, by hand",
        "tokio's, with scopes",
        "lifespan's, with scopes",
    ];
    print_row(titles);
    let height = columns.iter().map(Vec::len).max().unwrap_or_default();
    for row in 0..height {
        print_row(
            columns
                .each_ref()
                .map(|lines| lines.get(row).map_or("", String::as_str)),
        );
    }
    println!("\n* in another task than the one that opened it");
    let closed = columns.map(|lines| lines.iter().filter(|line| line.contains("closed")).count());
    assert_eq!(closed, [0, 3, 3]);
}

/// What happened in one run, with times.
#[derive(Clone)]
struct Journal {
    start: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Journal {
    fn start() -> Self {
        Journal { start: Instant::now(), lines: Arc::default() }
    }

    fn say(&self, what: &str) {
        let time = self.start.elapsed().as_millis();
        let task = tokio::task::try_id().map_or("", |_| " *");
        self.lines.lock().unwrap().push(format!("{time:>3} ms {what}{task}"));
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

/// Something that takes a while to close.
struct Connection {
    name: &'static str,
    journal: Journal,
}

impl Connection {
    async fn connect(name: &'static str, journal: &Journal) -> Connection {
        sleep(MS).await;
        journal.say(&format!("{name} open"));
        let journal = journal.clone();
        Connection { name, journal }
    }

    async fn close(self) {
        sleep(10 * MS).await;
        self.journal.say(&format!("{} closed", self.name));
    }
}

/// The same with a scope.
struct Scoped(Connection);

#[scoped_resource]
impl Scoped {
    #[enter]
    async fn open(name: &'static str, journal: Journal) -> Self {
        Scoped(Connection::connect(name, &journal).await)
    }

    #[exit]
    async fn close(self) {
        self.0.close().await;
    }
}

/// The work that takes too long.
async fn work() {
    sleep(1000 * MS).await;
}

async fn in_scopes(journal: Journal) -> Result<(), BoxError> {
    let [db, tx, cursor] = ["db", "tx", "cursor"].map(|name| Scoped::open(name, journal.clone()));
    db.scope(async |_| {
        tx.scope(async |_| Ok::<_, BoxError>(cursor.scope_ok(async |_| work().await).await?))
            .await
    })
    .await
}

async fn by_hand() -> Vec<String> {
    let journal = Journal::start();
    let body = async {
        let db = Connection::connect("db", &journal).await;
        let tx = Connection::connect("tx", &journal).await;
        let cursor = Connection::connect("cursor", &journal).await;
        work().await;
        cursor.close().await;
        tx.close().await;
        db.close().await;
    };
    let late = tokio::time::timeout(20 * MS, body).await;
    journal.say(if late.is_err() { "timeout returns" } else { "in time" });
    journal.lines()
}

async fn dropped() -> Vec<String> {
    let journal = Journal::start();
    lifespan::event::print_warnings(false); // it would tell of each rescue
    let late = tokio::time::timeout(20 * MS, in_scopes(journal.clone())).await;
    journal.say(if late.is_err() { "timeout returns" } else { "in time" });
    let drained = drain().await;
    lifespan::event::print_warnings(true);
    journal.say(if drained.is_clean() { "drained" } else { "drained, failed" });
    journal.lines()
}

async fn unwound() -> Vec<String> {
    let journal = Journal::start();
    let late = lifespan::timeout(20 * MS, in_scopes(journal.clone())).await;
    journal.say(if late.is_err() { "timeout returns" } else { "in time" });
    journal.lines()
}

/// The runs side by side.
fn print_row([first, second, third]: [&str; 3]) {
    println!("{}", format!("{first:<28}{second:<26}{third}").trim_end());
}
