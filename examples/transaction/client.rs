//! The client, which sees to it that each handler gets to its end, or does not.

use std::net::SocketAddr;

use lifespan::BoxError;
use reqwest::{Client, Response};

use super::journal::Journal;

pub(crate) struct Customer {
    address: SocketAddr,
    http: Client,
    journal: Journal,
}

impl Customer {
    pub(crate) fn of(address: SocketAddr, journal: Journal) -> Self {
        Customer { address, http: Client::new(), journal }
    }

    /// Sends a request, and says what it was told.
    pub(crate) async fn ask(&self, path: &str) -> Result<(), BoxError> {
        match self.post(path).await {
            Ok(response) => {
                let (status, text) = (response.status(), response.text().await?);
                self.say(format!("is told {status} {text}").trim_end());
            }
            Err(error) if error.is_request() => self.say("gets no answer"),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Sends a request, and hangs up as soon as the journal has this line.
    pub(crate) async fn hang_up(&self, path: &str, once: &str) -> Result<(), BoxError> {
        tokio::select! {
            answered = self.ask(path) => answered,
            () = self.journal.reached(once) => {
                self.say("hangs up");
                Ok(())
            }
        }
    }

    async fn post(&self, path: &str) -> reqwest::Result<Response> {
        let url = format!("http://{}{path}", self.address);
        self.http.post(url).send().await
    }

    fn say(&self, what: impl std::fmt::Display) {
        self.journal.line("customer", what);
    }
}
