//! Two MCP servers in one application, mounted at `/echo` and `/math` of one HTTP server.
//!
//! - `cargo run -p two_servers`: prints the plan, starts, asks itself through an MCP client, and shuts down while a tool
//!   call is in flight
//! - `cargo run -p two_servers -- --serve --port 0`: serves until Ctrl-C or SIGTERM, and prints where
//! - `cargo run -p two_servers -- --fail math`: the second server fails to start, and what was started rolls back
//!
//! When it ends: nothing new comes in, the calls in flight unwind and are answered, the streams end, the sessions close. A call
//! that ignores all of that is named, and the exit status tells. A second signal does not wait.
//!
//! - `app.rs`: what the application is made of
//! - `endpoint.rs`: one MCP server, with its sessions, as a scoped resource
//! - `calls.rs`: its tool calls in flight, each of which unwinds when the server closes
//! - `tools.rs`, `workspace.rs`: what the servers offer, and the resource that a slow call holds
//! - `http.rs`: the HTTP server as a service
//! - `options.rs`, `client.rs`: the command line, and the client that asks
//! - `timeline.rs`: what happened, and when

mod app;
mod calls;
mod client;
mod endpoint;
mod http;
mod options;
mod timeline;
mod tools;
mod workspace;

use std::time::Duration;

use lifespan::BoxError;

use app::App;
use options::Options;

/// The demonstration takes less than two seconds; this is for the day something hangs.
const LIMIT: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let Options { serve, config } = Options::parse(std::env::args().skip(1))?;
    let fails = config.fail.is_some();
    if !serve {
        println!("{}", App::plan());
    }
    let app = App::lifespan(config);
    match (serve, fails) {
        (true, _) => app.run().await?,
        (false, true) => match app.scope(client::ask_both).await {
            Err(error) => println!("\n{error:?}"),
            Ok(()) => return Err("`--fail` names none of the servers".into()),
        },
        (false, false) => {
            let demonstration = Box::pin(client::end_in_mid_call(app));
            lifespan::timeout(LIMIT, demonstration).await??;
        }
    }
    Ok(())
}
