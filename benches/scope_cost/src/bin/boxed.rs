//! `async-trait`: enter, body and exit awaited in a row, each a boxed future. No guarantee at all.

use async_trait::async_trait;
use scope_cost::{BoxError, Counter, close, open, work};

#[async_trait]
trait Resource: Sized {
    async fn enter(n: u64) -> Result<Self, BoxError>;
    async fn work(&mut self) -> u64;
    async fn exit(self) -> Result<(), BoxError>;
}

#[async_trait]
impl Resource for Counter {
    async fn enter(n: u64) -> Result<Self, BoxError> {
        open(n).await
    }

    async fn work(&mut self) -> u64 {
        work(self).await
    }

    async fn exit(self) -> Result<(), BoxError> {
        close(self).await
    }
}

async fn scope(n: u64) -> Result<u64, BoxError> {
    let mut counter = Counter::enter(n).await?;
    let value = Resource::work(&mut counter).await;
    counter.exit().await?;
    Ok(value)
}

fn main() {
    scope_cost::main(async |n| scope(n).await.unwrap());
}
