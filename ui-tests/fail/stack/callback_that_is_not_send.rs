use lifespan::{Error, ExitStack};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let stack = ExitStack::new().enter().await?;
    let shared = std::rc::Rc::new(0);
    let _ = stack.on_exit(async move |_| println!("{shared}"));
    stack.exit().await
}
