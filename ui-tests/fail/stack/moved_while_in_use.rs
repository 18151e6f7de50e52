use lifespan::{Error, ExitStack, scoped_resource};

pub struct Client(u32);

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect() -> Self {
        Client(0)
    }

    #[exit]
    async fn close(self) {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut stack = ExitStack::new().enter().await?;
    let client = stack.enter(Client::connect()).await?;
    let moved = stack.move_all();
    let _ = client.0;
    moved.exit().await?;
    stack.exit().await
}
