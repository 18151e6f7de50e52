use lifespan::{scoped_resource, BoxError};

pub struct Client(u32);

#[scoped_resource]
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
    async fn close(self) {}
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let number = Client::connect()
        .scope(|client| async move { client.next().await })
        .await?;
    println!("{number}");
    Ok(())
}
