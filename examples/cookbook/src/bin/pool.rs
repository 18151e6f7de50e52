//! A pool of connections that tasks share: each connection is opened, used and closed in a task of its own, and queries take turns
//! there. The end of the pool's scope closes all of them, also if another task still has a handle.
//!
//! ```text
//! closed 1 after 3 queries
//! closed 2 after 3 queries
//! late: Closed
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lifespan::{Error, Owner, TaskGroup, join_all, scoped_resource};
use tokio::task::yield_now;

struct Connection {
    number: u32,
    queries: u32,
}

#[scoped_resource(enter_timeout = "1s", exit_timeout = "1s")]
impl Connection {
    #[enter]
    async fn open(number: u32) -> Self {
        Connection { number, queries: 0 }
    }

    #[exit]
    async fn close(self) {
        println!("closed {} after {} queries", self.number, self.queries);
    }
}

impl Connection {
    async fn query(&mut self) -> u32 {
        yield_now().await;
        self.queries += 1;
        self.queries
    }
}

#[derive(Clone)]
struct Pool {
    connections: Arc<[Owner<Connection>]>,
    next: Arc<AtomicUsize>,
}

impl Pool {
    async fn query(&self) -> Result<u32, Error> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let connection = &self.connections[turn % self.connections.len()];
        connection.with_ok(async |connection| connection.query().await).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let connections = join_all((1..=2).map(|number| Connection::open(number).owned()));
    let pool = connections
        .scope(async |connections| {
            let pool = Pool { connections: connections.iter().cloned().collect(), next: Arc::default() };
            let users = TaskGroup::new().named("users");
            users
                .scope_ok(async |users| {
                    for _ in 0..6 {
                        let pool = pool.clone();
                        users.spawn(async move { pool.query().await });
                    }
                })
                .await?; // each user has ended
            Ok::<_, Error>(pool)
        })
        .await?;
    println!("late: {:?}", pool.query().await.unwrap_err().kind());
    Ok(())
}
