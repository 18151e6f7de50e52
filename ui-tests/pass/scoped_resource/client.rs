//! The example of the docs, in edition 2021: several enters, every form of use.

use lifespan::{scoped_resource, BoxError, Exit};

pub struct Client {
    url: String,
    retries: u32,
}

#[scoped_resource(name = "client", enter_timeout = "5s", exit_timeout = "none")]
impl Client {
    /// Connects.
    #[enter]
    pub async fn connect(url: String, retries: u32) -> Result<Self, std::io::Error> {
        tokio::task::yield_now().await;
        Ok(Client { url, retries })
    }

    /// Borrows its arguments: in edition 2021, an `impl Trait` that a caller writes would not capture them.
    #[enter]
    pub async fn borrowing(url: &str, retries: &u32) -> Self {
        tokio::task::yield_now().await;
        let url = url.to_owned();
        let retries = *retries;
        Client { url, retries }
    }

    #[enter]
    pub async fn generic<'a, T: AsRef<str>>(url: &'a T, retries: impl Into<u32>) -> Client
    where
        T: ?Sized,
    {
        Client::made(url.as_ref(), retries.into())
    }

    fn made(url: &str, retries: u32) -> Self {
        let url = url.to_owned();
        Client { url, retries }
    }

    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), std::fmt::Error> {
        tokio::task::yield_now().await;
        if exit.is_clean() {
            Ok(())
        } else {
            Err(std::fmt::Error)
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let client = Client::connect("a".to_owned(), 3);
    assert_eq!(client.policy().name(), "client");
    assert_eq!(client.policy().exit_budget(), None);
    let retries = client.scope_ok(async |client| client.retries).await?;
    assert_eq!(retries, 3);

    let url = String::from("b");
    let read = Client::borrowing(&url, &3)
        .scope(async |client| Ok::<_, BoxError>(client.url.clone()))
        .await?;
    assert_eq!(read, url);

    let mut client = Client::generic("c", 3u8).enter().await?;
    client.retries += 1;
    assert_eq!(client.retries, 4);
    client.exit().await?;

    let error = Client::generic("d", 3u8)
        .scope(async |client| Err::<(), BoxError>(client.url.clone().into()))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "d");
    Ok(())
}
