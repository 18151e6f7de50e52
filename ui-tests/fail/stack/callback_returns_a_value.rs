use lifespan::{Error, ExitStack};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let stack = ExitStack::new().enter().await?;
    let _ = stack.on_exit(async |_| 7);
    stack.exit().await
}
