#![deny(unused_must_use)]

use lifespan::{Error, ExitStack};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut stack = ExitStack::new().enter().await?;
    stack.close();
    stack.exit().await
}
