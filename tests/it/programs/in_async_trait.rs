//! A resource scoped in an `async_trait` method, behind `dyn`.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifespan::{Exit, scoped_resource};

use crate::everywhere::everywhere;

#[async_trait]
trait Job: Send + Sync {
    async fn run(&self, input: &str) -> anyhow::Result<usize>;
}

struct Lock {
    log: Arc<Mutex<Vec<String>>>,
}

#[scoped_resource(enter = acquire(log: Arc<Mutex<Vec<String>>>), exit = release(exit))]
struct Held {
    lock: Lock,
}

async fn acquire(log: Arc<Mutex<Vec<String>>>) -> Held {
    tokio::task::yield_now().await;
    log.lock().unwrap().push("acquire".to_owned());
    Held { lock: Lock { log } }
}

async fn release(held: Held, exit: &Exit) {
    tokio::task::yield_now().await;
    held.lock.log.lock().unwrap().push(format!("release: {}", exit.cause()));
}

struct Count {
    log: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Job for Count {
    async fn run(&self, input: &str) -> anyhow::Result<usize> {
        Held::lifespan(self.log.clone())
            .scope(async |_held| {
                tokio::task::yield_now().await;
                Ok(input.parse::<usize>()?)
            })
            .await
    }
}

#[test]
fn runs_behind_dyn() {
    everywhere(|| async {
        let log = Arc::<Mutex<Vec<String>>>::default();
        let job: Arc<dyn Job> = Arc::new(Count { log: log.clone() });
        assert_eq!(job.run("12").await.unwrap(), 12);
        let job = tokio::spawn(async move { job.run("x").await });
        assert!(job.await.unwrap().is_err());
        let lines = ["acquire", "release: completed", "acquire", "release: failed"];
        assert_eq!(*log.lock().unwrap(), lines);
    });
}
