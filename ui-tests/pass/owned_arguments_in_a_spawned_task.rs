//! What to write for `fail/scope/borrowed_arguments_in_a_spawned_task.rs`: owned arguments, or the borrow inside.

use lifespan::{scoped_resource, BoxError};

pub struct Client(String);

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect(url: &str) -> Result<Self, BoxError> {
        tokio::task::yield_now().await;
        Ok(Client(url.to_owned()))
    }

    #[enter]
    pub async fn connect_owned(url: String) -> Result<Self, BoxError> {
        tokio::task::yield_now().await;
        Ok(Client(url))
    }

    #[exit]
    async fn close(self) {}
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let url = String::from("localhost");
    let owned = Client::connect_owned(url.clone()).scope_ok(async |client| client.0.len());
    assert_eq!(tokio::spawn(owned).await??, 9);
    let task = tokio::spawn(async move {
        Client::connect(&url)
            .scope_ok(async |client| client.0.len())
            .await
    });
    assert_eq!(task.await??, 9);
    Ok(())
}
