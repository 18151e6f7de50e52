use lifespan::{Error, ExitStack};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let name = String::from("stack");
    let stack = ExitStack::new().enter().await?;
    let _ = stack.on_exit_sync(|_| println!("{name}"));
    stack.exit().await
}
