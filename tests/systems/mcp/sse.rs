//! The SSE client of the first example, against the stream of an MCP server: it reconnects, is closed from another task than
//! the one that reads, and outlives a server that is killed. Its exit tells the server goodbye, whatever ended it.

use std::convert::Infallible;

use lifespan::{Error, Owner, Phase, scoped_resource};
use tokio::sync::oneshot;

use super::relay::Relay;
use super::server::{Server, two_servers};
use super::session::{Session, Stream};

struct SseClient {
    session: Session,
    events: Stream,
}

#[derive(Debug, thiserror::Error)]
enum SseError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("the server ended the stream")]
    EndOfStream,
    #[error(transparent)]
    Lifespan(#[from] Error),
}

#[scoped_resource(enter_timeout = "10s", exit_timeout = "10s")]
impl SseClient {
    #[enter]
    async fn connect(url: String) -> reqwest::Result<Self> {
        let session = Session::open(url).await?;
        let events = session.listen().await?;
        Ok(SseClient { session, events })
    }

    /// Closes the session, and waits for the server's answer.
    #[exit]
    async fn close(self) -> reqwest::Result<()> {
        drop(self.events);
        self.session.close().await
    }
}

impl SseClient {
    async fn next(&mut self) -> Result<String, SseError> {
        self.events.next().await?.ok_or(SseError::EndOfStream)
    }

    /// Reads until that fails.
    async fn read(&mut self) -> Result<Infallible, SseError> {
        loop {
            self.next().await?;
        }
    }
}

#[tokio::test]
async fn it_reconnects_when_the_connection_drops() {
    let server = Server::start(two_servers(&[])).await;
    let relay = Relay::to(server.port()).await;
    for _ in 0..3 {
        let mut known = None;
        let ended: Result<Infallible, _> = SseClient::connect(relay.url("echo"))
            .scope(async |client| {
                client.next().await?; // with its first event it is connected
                known = Some(client.session.at(server.url("echo")));
                assert!(known.as_ref().unwrap().is_known().await?);
                relay.cut();
                client.read().await
            })
            .await;
        assert!(matches!(ended, Err(SseError::Http(_))), "{ended:?}");
        // The goodbye came through, on a connection of its own.
        assert!(!known.unwrap().is_known().await.unwrap());
    }
}

/// A reader in a task of its own, which waits for an event that does not come.
async fn reader(owner: &Owner<SseClient>) -> tokio::task::JoinHandle<Result<Infallible, SseError>> {
    let (reading, reads) = oneshot::channel();
    let owner = owner.clone();
    let reader = tokio::spawn(async move {
        owner
            .with(async move |client| {
                client.next().await?;
                let _ = reading.send(());
                client.read().await
            })
            .await
    });
    reads.await.expect("it reads");
    reader
}

#[tokio::test]
async fn it_is_closed_from_another_task_through_its_owner() {
    let server = Server::start(two_servers(&[])).await;
    let url = server.url("math");
    let owner = SseClient::connect(url.clone()).spawn().await.unwrap();
    let direct = async move |client: &mut SseClient| Ok::<_, SseError>(client.session.at(url));
    let session = owner.with(direct).await.unwrap();
    let reader = reader(&owner).await;
    assert!(session.is_known().await.unwrap());

    let closer = tokio::spawn(async move { owner.close().await });
    closer.await.unwrap().unwrap();
    assert!(!session.is_known().await.unwrap());
    let ended = reader.await.unwrap();
    assert!(matches!(ended, Err(SseError::Lifespan(_))), "{ended:?}");
}

#[tokio::test]
async fn its_server_is_killed_in_mid_stream() {
    let mut server = Server::start(two_servers(&[])).await;
    let owner = SseClient::connect(server.url("math")).spawn().await.unwrap();
    let reader = reader(&owner).await;

    server.signal("KILL").await;
    let ended = reader.await.unwrap();
    assert!(matches!(ended, Err(SseError::Http(_))), "{ended:?}");
    // Nobody is left to say goodbye to, and who asks is told.
    let error = owner.close().await.unwrap_err();
    assert_eq!(error.phase(), Phase::Exit);
    assert!(error.downcast_ref::<reqwest::Error>().is_some(), "{error:?}");
}
