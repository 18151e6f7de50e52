//! A client of server-sent events that reconnects: a service that is run again when its stream ends, and asks for what came after
//! the last event. Its user reads a channel and does not notice; the example `sse_client` has a client that says goodbye.
//!
//! ```text
//! reconnect: the stream ended
//! events: [1, 2, 3, 4]
//! ```

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lifespan::task::{Current, Ready, ServiceOptions};
use lifespan::{BoxError, Enter, Lifespan, Service, Stop};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A connection that held for so long was no failed attempt: after it the delays start over.
const HEALTHY: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Subscription {
    server: SocketAddr,
    last: Arc<AtomicU32>,
    events: mpsc::Sender<u32>,
}

impl Subscription {
    /// One connection: it never ends well, since the events never end.
    async fn read(self, ready: Ready<()>, _: Stop) -> io::Result<()> {
        let mut stream = BufReader::new(TcpStream::connect(self.server).await?);
        let last = self.last.load(Ordering::Relaxed);
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: {last}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        ready.set(());
        let mut lines = stream.lines();
        while let Some(line) = lines.next_line().await? {
            let Some(id) = line.strip_prefix("id: ") else { continue };
            let id = id.parse().map_err(io::Error::other)?;
            self.last.store(id, Ordering::Relaxed);
            self.events.send(id).await.map_err(io::Error::other)?;
        }
        Err(io::Error::other("the stream ended"))
    }

    fn lifespan(self) -> Lifespan<Service<Current<()>>, impl Enter<Service<Current<()>>>> {
        let all_delays = || [10, 20, 40].into_iter().map(Duration::from_millis);
        let mut delays = all_delays();
        let wait = move |error: &BoxError, ran: Duration| {
            println!("reconnect: {error}");
            if ran > HEALTHY {
                delays = all_delays();
            }
            delays.next() // `None` gives up
        };
        let options = ServiceOptions::new().stop_by_cancelling();
        options.restarting(wait, move |ready, stop| self.clone().read(ready, stop))
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let server = listener.local_addr()?;
    tokio::spawn(serve(listener));
    let (events, mut received) = mpsc::channel(8);
    let last = Arc::default();
    let client = Subscription { server, last, events }.lifespan().named("client");
    let events = client.scope_ok(async |_| {
        let mut events = Vec::new();
        while events.len() < 4 {
            events.extend(received.recv().await);
        }
        events
    });
    println!("events: {:?}", events.await?);
    Ok(())
}

/// A server that hangs up after its first two events.
async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let mut stream = BufReader::new(listener.accept().await?.0);
        let (mut last, mut line) = (0, String::new());
        while stream.read_line(&mut line).await? > 2 {
            last = line
                .trim()
                .strip_prefix("Last-Event-ID: ")
                .map_or(last, |id| id.parse().unwrap_or(0));
            line.clear();
        }
        let events = format!("HTTP/1.1 200 OK\r\n\r\nid: {}\n\nid: {}\n\n", last + 1, last + 2);
        stream.write_all(events.as_bytes()).await?;
        if last > 0 {
            pending::<()>().await; // the second connection stays
        }
    }
}
