use lifespan::{Error, ExitStack};

pub struct Client(u32);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let stack = ExitStack::new().enter().await?;
    let _ = stack.push(Client(0));
    stack.exit().await
}
