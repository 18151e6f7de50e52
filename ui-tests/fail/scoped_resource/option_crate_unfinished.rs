use lifespan::{scoped_resource, BoxError, Exit};

pub struct Client(u32);

#[scoped_resource(crate = ::lifespan::)]
impl Client {
    #[enter]
    pub async fn connect() -> Result<Self, BoxError> {
        Ok(Client(0))
    }

    pub async fn next(&mut self) -> Result<u32, BoxError> {
        self.0 += 1;
        Ok(self.0)
    }

    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), BoxError> {
        let _ = exit.is_clean();
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    Client::connect()
        .scope(async |client| client.next().await)
        .await?;
    Ok(())
}
