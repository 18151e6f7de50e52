use lifespan::scoped_resource;

struct Client;

#[scoped_resource]
impl Client {
    async fn connect(url: &str) -> Result<Self, std::io::Error> {
        let _ = url;
        Ok(Client)
    }

    #[exit]
    async fn close(self) {}
}

#[tokio::main]
async fn main() {
    let _client = Client::connect("here").await;
}
