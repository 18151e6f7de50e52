use lifespan::{scoped_resource, BoxError, Exit};

pub struct Client;

#[scoped_resource(enter_timeout = "5 parsecs")]
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
