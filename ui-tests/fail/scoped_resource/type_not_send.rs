use lifespan::{scoped_resource, BoxError, Exit};

use std::rc::Rc;

pub struct Client(Rc<u8>);

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect(url: String) -> Result<Self, BoxError> {
        drop(url);
        Ok(Client(Rc::new(1)))
    }

    pub async fn ping(&self) -> Result<(), BoxError> {
        Ok(())
    }

    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), BoxError> {
        let _ = exit.is_clean();
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    Client::connect("url".to_owned())
        .scope(async |client| client.ping().await)
        .await
}
