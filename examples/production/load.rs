//! Clients that keep to what a load balancer knows: they send until they have heard that the service is not ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use lifespan::{BoxError, TaskGroup};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

pub(crate) const CLIENTS: usize = 8;

/// How often `/readyz` is asked for.
pub(crate) const PROBE: Duration = Duration::from_millis(100);

/// How many are answered before the service is asked to end.
const WARM: usize = 100;

#[derive(Default)]
struct Seen {
    is_gone: AtomicBool,
    answered: AtomicUsize,
    failed: AtomicUsize,
    /// Answered although it was not ready any more, before that was known.
    late: AtomicUsize,
}

pub(crate) async fn run(address: &str) -> Result<(), BoxError> {
    while !is_ready(address).await {
        sleep(PROBE).await;
    }
    let seen = Arc::<Seen>::default();
    TaskGroup::new()
        .scope(async |group| -> Result<(), BoxError> {
            group.spawn_ok(report(address.to_owned()));
            for _ in 0..CLIENTS {
                group.spawn_ok(client(address.to_owned(), Arc::clone(&seen)));
            }
            while seen.answered.load(Ordering::Relaxed) < WARM && is_ready(address).await {
                sleep(PROBE).await;
            }
            println!("load: under way");
            while is_ready(address).await {
                sleep(PROBE).await;
            }
            // The balancer has heard of it; its last clients have not yet.
            sleep(PROBE).await;
            seen.late
                .store(seen.answered.load(Ordering::Relaxed), Ordering::Relaxed);
            sleep(2 * PROBE).await;
            seen.is_gone.store(true, Ordering::Relaxed);
            Ok(())
        })
        .await?;
    let [answered, failed, before] =
        [&seen.answered, &seen.failed, &seen.late].map(|count| count.load(Ordering::Relaxed));
    println!(
        "load: {answered} requests answered, {} of them after it was not ready; {failed} failed",
        answered - before
    );
    Ok(())
}

async fn is_ready(address: &str) -> bool {
    status(address, "/readyz").await.is_ok_and(|status| status == 200)
}

async fn report(address: String) {
    match status(&address, "/report").await {
        Ok(status) => println!("load: /report was answered with {status}"),
        Err(error) => println!("load: /report was not answered: {error}"),
    }
}

async fn client(address: String, seen: Arc<Seen>) {
    while !seen.is_gone.load(Ordering::Relaxed) {
        let is_answered = status(&address, "/work").await.is_ok_and(|status| status == 200);
        if is_answered {
            seen.answered.fetch_add(1, Ordering::Relaxed);
        } else {
            seen.failed.fetch_add(1, Ordering::Relaxed);
            sleep(PROBE).await;
        }
    }
}

/// One request on a connection of its own.
pub(crate) async fn status(address: &str, path: &str) -> Result<u16, BoxError> {
    let mut connection = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).ok_or("no answer")?;
    Ok(status.parse()?)
}
