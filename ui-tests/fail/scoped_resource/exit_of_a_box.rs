use lifespan::{scoped_resource, BoxError};

pub struct Client;

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect(url: String) -> Result<Self, BoxError> {
        drop(url);
        Ok(Client)
    }

    pub async fn ping(&self) -> Result<(), BoxError> {
        Ok(())
    }

    #[exit]
    async fn close(self: Box<Self>) {}
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    Client::connect("url".to_owned())
        .scope(async |client| client.ping().await)
        .await
}
