use lifespan::{Error, ExitStack, scoped_resource};

pub struct Client(std::rc::Rc<u32>);

#[scoped_resource(local)]
impl Client {
    #[enter]
    pub async fn connect() -> Self {
        Client(std::rc::Rc::new(0))
    }

    #[exit]
    async fn close(self) {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let stack = ExitStack::new().enter().await?;
    let _ = stack.enter(Client::connect()).await?;
    stack.exit().await
}
