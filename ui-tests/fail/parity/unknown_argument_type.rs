use lifespan::scoped_resource;

pub struct Client;

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect(url: Url) -> Self {
        drop(url);
        Client
    }

    #[exit]
    async fn close(self) {}
}

pub async fn plain(url: Url) -> Client {
    drop(url);
    Client
}

#[tokio::main]
async fn main() -> Result<(), lifespan::Error> {
    let _ = plain("url").await;
    Client::connect("url").scope_ok(async |_| ()).await
}
