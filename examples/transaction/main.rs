//! A web server whose requests have a transaction each: it is committed if the handler succeeds, and rolled back if it fails,
//! panics, is cancelled, or is dropped because its client has hung up.
//!
//! Run it with `cargo run -p transaction`: a customer takes each of these ways, and the journal shows what became of
//! the transaction and what the database holds then.
//!
//! - `transaction.rs`: the transaction, with its `#[enter]` and `#[exit]`: read this first
//! - `http.rs`: the handlers that use it, on a server of `lifespan_serve`
//! - `main.rs`: the application, and the ways out
//! - `database.rs`, `client.rs`, `journal.rs`: the pool, the customer, what is printed

mod client;
mod database;
mod http;
mod journal;
mod transaction;

use std::net::SocketAddr;
use std::panic;
use std::path::PathBuf;
use std::time::Duration;

use lifespan::event::{self, Level};
use lifespan::{BoxError, Service, drain, lifespan, timeout};
use sqlx::SqlitePool;

use crate::client::Customer;
use crate::journal::Journal;

/// The whole story takes less than one second; this is for the day something hangs.
const LIMIT: Duration = Duration::from_secs(10);

#[lifespan(journal: Journal)]
struct App {
    #[enter(|| database::folder())]
    #[exit(async |folder: PathBuf| database::remove(folder).await)]
    folder: PathBuf,
    #[enter(|folder| database::open(folder))]
    #[exit(async |pool: SqlitePool| pool.close().await)]
    pool: SqlitePool,
    #[enter(|pool, journal| http::serve(pool.clone(), journal.clone()))]
    http: Service<SocketAddr>,
    #[value(|http, journal| Customer::of(**http, journal.clone()))]
    customer: Customer,
    #[keep]
    journal: Journal,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let journal = Journal::default();
    tell_of_reports_and_panics(&journal);
    // In a task, which is polled in its turn when it is woken: a root is when all tasks have had theirs.
    tokio::spawn(timeout(LIMIT, App::lifespan(journal).scope(tell))).await???;
    drain().await.into_result()?;
    Ok(())
}

async fn tell(app: &mut App) -> Result<(), BoxError> {
    println!("1. The handler succeeds");
    app.customer.ask("/take/tea").await?;
    app.holds(&["tea"]).await?;

    println!("\n2. The handler fails");
    app.customer.ask("/refuse/mate").await?;
    app.holds(&["tea"]).await?;

    println!("\n3. The handler panics");
    app.customer.ask("/stumble/milk").await?;
    app.holds(&["tea"]).await?;

    println!("\n4. The handler is cancelled, as the shop closes: it unwinds, and the answer comes after the rollback");
    let close = async {
        app.journal.reached("has inserted cocoa").await;
        app.customer.ask("/close").await
    };
    tokio::try_join!(app.customer.ask("/wait/cocoa"), close)?;
    app.holds(&["tea"]).await?;

    println!("\n5. The customer hangs up: hyper drops the handler, and the task of its connection awaits the exit");
    let inserted = "has inserted coffee";
    app.customer.hang_up("/wait/coffee", inserted).await?;
    app.journal.reached("is dropped, with coffee").await;
    app.journal.line("drain", drain().await);
    app.holds(&["tea"]).await?;

    println!("\nEverything exits: the server, the pool, the folder");
    Ok(())
}

impl App {
    /// Prints the orders that any connection sees now, and asserts that they are these.
    async fn holds(&self, expected: &[&str]) -> sqlx::Result<()> {
        let orders = database::orders(&self.pool).await?;
        self.journal
            .line("database", format_args!("holds {}", orders.join(", ")));
        assert_eq!(orders, expected);
        Ok(())
    }
}

/// Puts what no return value can tell, and the panic of the story, into the journal.
fn tell_of_reports_and_panics(journal: &Journal) {
    let reports = journal.clone();
    event::print_warnings(false);
    event::observe(Level::Warn, move |event| reports.line("lifespan", event));
    let (panics, others) = (journal.clone(), panic::take_hook());
    panic::set_hook(Box::new(move |info| match info.payload().downcast_ref() {
        Some(&"the clerk stumbles") => panics.line("panic", "the clerk stumbles"),
        _ => others(info),
    }));
}
