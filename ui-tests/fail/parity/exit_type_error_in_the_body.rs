use lifespan::scoped_resource;

pub struct Client(u8);

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect() -> Self {
        Client(1)
    }

    #[exit]
    async fn close(self) -> Result<(), std::fmt::Error> {
        let name: String = self.0;
        drop(name);
        Ok(())
    }
}

pub async fn plain(client: Client) -> Result<(), std::fmt::Error> {
    let name: String = client.0;
    drop(name);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), lifespan::Error> {
    let _ = plain(Client(1)).await;
    Client::connect().scope_ok(async |_| ()).await
}
