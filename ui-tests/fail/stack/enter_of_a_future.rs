use lifespan::{Error, ExitStack};

async fn connect() -> u32 {
    0
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let stack = ExitStack::new().enter().await?;
    let _ = stack.enter(connect()).await?;
    stack.exit().await
}
