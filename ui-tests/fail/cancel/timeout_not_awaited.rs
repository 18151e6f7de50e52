#![deny(unused_must_use)]

use std::time::Duration;

#[tokio::main]
async fn main() {
    lifespan::timeout(Duration::from_secs(1), async { 7 });
}
