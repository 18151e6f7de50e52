use lifespan::scoped_resource;

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
    let both = Client::connect().then(|client| async { client.0 });
    let _ = both.scope_ok(async |_| ()).await;
}
