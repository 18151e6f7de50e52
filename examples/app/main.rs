//! A small application: config → database → cache → HTTP server → a client that asks it.
//!
//! - `cargo run -p app`: prints the plan, starts, serves itself a few requests, and shuts down; Ctrl-C or SIGTERM end it
//!   earlier, as cleanly
//! - `cargo run -p app -- --serve`: serves until Ctrl-C or SIGTERM
//! - `cargo run -p app -- --fail`: the cache fails to start, and what was started rolls back
//!
//! The application is the struct below. Each part is in a file of its own: `database.rs` is a pool from another crate,
//! `cache.rs` a type of ours, `http.rs` a background task, `client.rs` asks.

mod cache;
mod client;
mod database;
mod http;

use std::net::SocketAddr;

use lifespan::run::{Commentary, Runner};
use lifespan::{BoxError, Service, lifespan};
use sqlx::SqlitePool;

use crate::cache::Cache;
use crate::client::Client;

struct Config {
    database: &'static str,
    cache_fails: bool,
}

#[lifespan(config: Config, exit_timeout = "20s")]
struct App {
    #[enter(|config| database::open(config.database), timeout = "5s")]
    #[exit(database::close, timeout = "5s")]
    pool: SqlitePool,
    #[enter(|config, pool| Cache::warm(pool.clone(), config.cache_fails), timeout = "5s")]
    #[exit(timeout = "5s")]
    cache: Cache,
    #[enter(|cache| http::serve(cache.words()), timeout = "1s")]
    http: Service<SocketAddr>,
    #[value(|http| Client::of(**http))]
    client: Client,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let flag = std::env::args().nth(1).unwrap_or_default();
    let config = Config { database: "sqlite::memory:", cache_fails: flag == "--fail" };

    println!("{}", App::plan());
    let app = App::lifespan(config);
    // What starts and stops is said by the run, here also if nobody reads it at a terminal.
    let runner = Runner::new().commentary(Commentary::new().everything(true));
    match flag.as_str() {
        "--serve" => runner.run(app).await?,
        "--fail" => println!("\n{:?}", runner.run_with(app, demo).await.unwrap_err()),
        _ => runner.run_with(app, demo).await?,
    }
    Ok(())
}

/// What a real application would not have: it ends by itself.
async fn demo(app: &mut App) -> Result<(), BoxError> {
    app.client.ask().await
}
