//! The resources of the suites.

use std::hint::black_box;

use lifespan::{Exit, ScopedResource};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Enter and exit never wait: all that is counted is what surrounds them.
pub struct Counter(pub u64);

#[inline(never)]
pub async fn open(n: u64) -> Result<Counter, BoxError> {
    Ok(Counter(black_box(n)))
}

#[inline(never)]
pub async fn close(counter: Counter) -> Result<(), BoxError> {
    black_box(counter.0);
    Ok(())
}

impl ScopedResource for Counter {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        close(self).await
    }
}

/// Enter and exit wait once, as those of a connection do.
pub struct Connection(pub u64);

pub async fn connect(n: u64) -> Result<Connection, BoxError> {
    yield_now().await;
    Ok(Connection(black_box(n)))
}

pub async fn disconnect(connection: Connection) -> Result<(), BoxError> {
    yield_now().await;
    black_box(connection.0);
    Ok(())
}

impl ScopedResource for Connection {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        disconnect(self).await
    }
}

/// One thread: what runs on it can be counted.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}
