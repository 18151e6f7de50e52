//! The client: a plain value that is computed from where the server listens.

use std::net::SocketAddr;

use lifespan::BoxError;

pub(crate) struct Client {
    base: String,
}

impl Client {
    pub(crate) fn of(address: SocketAddr) -> Self {
        let base = format!("http://{address}/hello");
        Client { base }
    }

    pub(crate) async fn ask(&self) -> Result<(), BoxError> {
        for language in ["fr", "de", "fr", "tlh"] {
            let answer = reqwest::get(format!("{}/{language}", self.base)).await?;
            let (status, text) = (answer.status(), answer.text().await?);
            let heard = if status.is_success() { text } else { status.to_string() };
            println!("{language}: {heard}");
        }
        Ok(())
    }
}
