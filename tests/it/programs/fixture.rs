//! A test fixture: every test gets a fresh server, which is stopped however the test ends.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use lifespan::{Exit, scoped_resource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::everywhere::multi_thread;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

struct EchoServer {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

#[scoped_resource(exit_timeout = "5s")]
impl EchoServer {
    #[enter]
    async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        RUNNING.fetch_add(1, Ordering::SeqCst);
        let task = tokio::spawn(async move {
            tokio::select! {
                () = serve(listener) => {}
                _ = stopped => {}
            }
        });
        Ok(EchoServer { address, stop, task })
    }

    #[exit]
    async fn stop(self, _: &Exit) -> Result<(), tokio::task::JoinError> {
        let _ = self.stop.send(());
        self.task.await?;
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

async fn serve(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut byte = [0];
        while stream.read_exact(&mut byte).await.is_ok() && stream.write_all(&byte).await.is_ok() {}
    }
}

/// What every test calls.
fn with_server<T>(test: impl AsyncFnOnce(SocketAddr) -> anyhow::Result<T>) -> anyhow::Result<T> {
    multi_thread().block_on(EchoServer::start().scope(async |server| test(server.address).await))
}

#[test]
fn the_fixture_cleans_up_after_every_test() {
    let echoed = with_server(async |address| {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"x").await?;
        Ok(stream.read_u8().await?)
    });
    assert_eq!(echoed.unwrap(), b'x');

    let failed = with_server(async |_| anyhow::Result::<()>::Err(anyhow::anyhow!("a failing test")));
    assert_eq!(failed.unwrap_err().to_string(), "a failing test");

    let panicked =
        std::panic::catch_unwind(|| with_server(async |_| -> anyhow::Result<()> { panic!("a panicking test") }));
    assert!(panicked.is_err());
    assert_eq!(RUNNING.load(Ordering::SeqCst), 0);
    assert!(async {}.now_or_never().is_some());
}
