use lifespan::{scoped_resource, BoxError};

pub struct Client(String);

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect(url: &str) -> Result<Self, BoxError> {
        Ok(Client(url.to_owned()))
    }

    #[exit]
    async fn close(self) {}
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let url = String::from("localhost");
    let task = tokio::spawn(Client::connect(&url).scope_ok(async |client| client.0.len()));
    println!("{}", task.await??);
    Ok(())
}
