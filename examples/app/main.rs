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
mod timeline;

use std::net::SocketAddr;

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
    let config = Config {
        database: "sqlite::memory:",
        cache_fails: flag == "--fail",
    };

    println!("{}", App::plan());
    let app = App::lifespan(config);
    match flag.as_str() {
        "--serve" => app.run().await?,
        "--fail" => println!("\n{:?}", app.scope(demo).await.unwrap_err()),
        _ => app.scope(demo).await?,
    }
    Ok(())
}

/// What a real application would not have: it ends by itself. A signal ends it as well, and the exits run all the same.
async fn demo(app: &mut App) -> Result<(), lifespan::Error> {
    timeline::line("body", "begins");
    match lifespan::until(lifespan::run::stop_signal(), app.client.ask()).await {
        Ok(answered) => answered.unwrap_or_else(|error| timeline::line("client", error)),
        Err(stopped) => timeline::line("body", stopped),
    }
    timeline::line("body", "ends");
    Ok(())
}
