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
    let mut outside = None;
    let stack = ExitStack::new().enter().await?;
    outside = Some(stack.enter(Client::connect()).await?);
    stack.exit().await?;
    outside.map(|client| client.0);
    Ok(())
}
