//! A fixture for tests: `with_shop` gives each test a server of its own, and ends it when the test returns, fails or panics.
//! Used from `#[tokio::test]`, as below; `main` shows what a test that panics leaves behind.
//!
//! ```text
//! shop opens
//! sells: true
//! shop closes: completed
//! shop opens
//! shop closes: panicked
//! ```

use std::io;

use lifespan::{BoxError, Exit, scoped_resource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the tests need. Its parts would be entered here, as guards.
struct Shop {
    listener: TcpListener,
}

#[scoped_resource(enter_timeout = "5s", exit_timeout = "5s")]
impl Shop {
    #[enter]
    async fn open() -> io::Result<Self> {
        println!("shop opens");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        Ok(Shop { listener })
    }

    #[exit]
    async fn close(self, exit: &Exit) {
        println!("shop closes: {}", exit.cause());
    }
}

impl Shop {
    async fn sells(&self, item: &str) -> io::Result<bool> {
        let mut customer = TcpStream::connect(self.listener.local_addr()?).await?;
        customer.write_all(item.as_bytes()).await?;
        drop(customer);
        let mut asked = String::new();
        self.listener.accept().await?.0.read_to_string(&mut asked).await?;
        Ok(asked == "tea")
    }
}

async fn with_shop(test: impl AsyncFnOnce(&mut Shop) -> Result<(), BoxError>) -> Result<(), BoxError> {
    lifespan::timeout(std::time::Duration::from_secs(10), Shop::open().scope(test)).await?
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    with_shop(async |shop| {
        println!("sells: {}", shop.sells("tea").await?);
        Ok(())
    })
    .await?;
    let panics = tokio::spawn(with_shop(async |_| panic!("this test has found something")));
    assert!(panics.await.unwrap_err().is_panic());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BoxError, with_shop};

    #[tokio::test]
    async fn sells_no_coffee() -> Result<(), BoxError> {
        with_shop(async |shop| {
            assert!(!shop.sells("coffee").await?);
            Ok(())
        })
        .await
    }
}
