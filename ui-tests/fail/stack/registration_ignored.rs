#![deny(unused_must_use)]

use lifespan::{Error, ExitStack};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let stack = ExitStack::new().enter().await?;
    stack.on_exit_sync(|_| println!("bye"));
    stack.exit().await
}
