use lifespan::scoped_resource;

pub struct Client;

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect(url: String) -> Result<Self, std::fmt::Error> {
        drop(url);
    }

    #[exit]
    async fn close(self) {}
}

pub async fn plain(url: String) -> Result<Client, std::fmt::Error> {
    drop(url);
}

#[tokio::main]
async fn main() -> Result<(), lifespan::Error> {
    let _ = plain("url".to_owned()).await;
    Client::connect("url".to_owned())
        .scope_ok(async |_| ())
        .await
}
