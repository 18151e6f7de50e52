use std::time::Duration;

use lifespan::{scoped_resource, timeout};

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

#[tokio::main]
async fn main() {
    let client = timeout(Duration::from_secs(1), Client::connect()).await;
    drop(client);
}
