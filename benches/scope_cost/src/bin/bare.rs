//! Enter, body and exit awaited in a row: no guarantee at all.

use scope_cost::{BoxError, close, open, work};

async fn scope(n: u64) -> Result<u64, BoxError> {
    let mut counter = open(n).await?;
    let value = work(&mut counter).await;
    close(counter).await?;
    Ok(value)
}

fn main() {
    scope_cost::main(async |n| scope(n).await.unwrap());
}
