#![deny(unused_must_use)]

use lifespan::CancelScope;

#[tokio::main]
async fn main() {
    CancelScope::new().run(async { 7 }).await;
}
