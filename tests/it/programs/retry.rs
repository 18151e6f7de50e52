//! A retry loop around `enter`, with timeouts, inside of a spawned task.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lifespan::{Error, Exit, Live, scoped_resource};
use tokio::time::{Instant, sleep};

use crate::everywhere::paused;

struct Client {
    log: Arc<AtomicU32>,
}

#[scoped_resource(enter_timeout = "1s")]
impl Client {
    /// The first attempt hangs, the second fails, the third works.
    #[enter]
    async fn connect(attempts: Arc<AtomicU32>, log: Arc<AtomicU32>) -> Result<Self, std::io::Error> {
        match attempts.fetch_add(1, Ordering::SeqCst) {
            0 => std::future::pending().await,
            1 => Err(std::io::Error::other("refused")),
            _ => Ok(Client { log }),
        }
    }

    #[exit]
    async fn close(self, _: &Exit) {
        self.log.fetch_add(1, Ordering::SeqCst);
    }
}

async fn connect_with_retries(log: &Arc<AtomicU32>) -> Result<Live<Client>, Error> {
    let attempts = Arc::<AtomicU32>::default();
    let mut pause = Duration::from_millis(100);
    for _ in 0..4 {
        match Client::connect(attempts.clone(), log.clone()).enter().await {
            Ok(client) => return Ok(client),
            Err(error) if error.is_timeout() => {}
            Err(error) => assert_eq!(error.primary().to_string(), "refused"),
        }
        sleep(pause).await;
        pause *= 2;
    }
    Client::connect(attempts, log.clone()).enter().await
}

#[test]
fn connects_at_the_third_attempt() {
    paused().block_on(async {
        let closed = Arc::<AtomicU32>::default();
        let log = closed.clone();
        let started = Instant::now();
        tokio::spawn(async move {
            let client = connect_with_retries(&log).await?;
            client.exit().await
        })
        .await
        .unwrap()
        .unwrap();
        assert_eq!(started.elapsed(), Duration::from_millis(1000 + 100 + 200));
        assert_eq!(closed.load(Ordering::SeqCst), 1);
    });
}
