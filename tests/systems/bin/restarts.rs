//! The app of `examples/two_servers`, ten times in one process, on one port: after each time no task, no session and no file
//! descriptor is left. Its argument: how many threads the runtime has.

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../mcp/example.rs"]
mod example;
#[path = "../limit.rs"]
mod limit;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../mcp/session.rs"]
mod session;

use std::time::Duration;

use lifespan::{BoxError, drain};
use serde_json::json;
use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio::time::sleep;

use example::app::{App, Config};
use limit::limited;
use session::{Session, Stream, call_without_session};

fn main() -> Result<(), BoxError> {
    let threads = std::env::args().nth(1).ok_or("how many threads?")?.parse()?;
    let mut runtime = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = runtime.worker_threads(threads).enable_all().build()?;
    // Of its own, so that what is left in the other one is the server's.
    let clients = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let before = files();
        let mut port = 0;
        for _ in 0..10 {
            port = limited("one round", Box::pin(round(clients.handle(), port))).await?;
            limited("no file is left", come_back(before)).await;
            println!("nothing is left");
        }
        Ok(())
    })
}

/// From start to end, with a stream and two calls open at the end, the client of one of which has gone.
async fn round(clients: &Handle, port: u16) -> Result<u16, BoxError> {
    let config = Config { port, patience: Duration::from_secs(3), fail: None };
    let (streams, sessions, port) = App::lifespan(config)
        .scope(async |app| -> Result<_, BoxError> {
            let url = format!("http://{}/math", *app.http);
            let mut begun = app.math.tally().begun.subscribe();
            let leaves = clients.spawn(leave(url.clone()));
            begun.wait_for(|calls| *calls == 1).await?;
            leaves.abort();
            let streams = clients.spawn(open(url)).await??;
            begun.wait_for(|calls| *calls == 2).await?;
            Ok((streams, app.math.sessions(), app.http.port()))
        })
        .await?;
    limited("no task is left", none_is_left()).await;
    assert!(sessions.sessions.read().await.is_empty());
    for stream in streams {
        clients.spawn(stream.rest()).await??;
    }
    drain().await.into_result()?;
    Ok(port)
}

async fn open(url: String) -> reqwest::Result<[Stream; 2]> {
    let session = Session::open(url).await?;
    let idle = session.listen().await?;
    let call = session.begin("slow", json!({ "ms": 60_000, "cleanup_ms": 1 }));
    Ok([idle, call.await?])
}

/// A call whose cleanup takes longer than the HTTP server does to stop.
async fn leave(url: String) -> reqwest::Result<()> {
    let times = json!({ "ms": 60_000, "cleanup_ms": 50 });
    call_without_session(&url, "slow", times).await.map(drop)
}

/// The app has waited for all of its tasks; on one thread they have all returned by now, on several the last ones may still
/// have to.
async fn none_is_left() {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    }
    while Handle::current().metrics().num_alive_tasks() > 0 {
        tokio::task::yield_now().await;
    }
}

/// The clients' connections end when they have seen that those of the server have.
async fn come_back(before: Option<usize>) {
    while files() != before {
        sleep(Duration::from_millis(1)).await;
    }
}

/// How many this process has open, where the system tells.
fn files() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}
