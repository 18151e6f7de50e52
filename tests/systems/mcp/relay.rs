//! A relay between a client and a server, whose connections can be cut.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

pub(crate) struct Relay {
    url: String,
    cut: broadcast::Sender<()>,
    task: JoinHandle<()>,
}

impl Relay {
    pub(crate) async fn to(port: &str) -> Self {
        let server = format!("127.0.0.1:{port}");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let cut = broadcast::Sender::new(1);
        let cuts = cut.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, server.clone(), cuts.subscribe()));
            }
        });
        let url = format!("http://{address}");
        Relay { url, cut, task }
    }

    pub(crate) fn url(&self, endpoint: &str) -> String {
        format!("{}/{endpoint}", self.url)
    }

    /// Cuts the connections that there are; new ones are accepted.
    pub(crate) fn cut(&self) {
        let _ = self.cut.send(());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(mut client: TcpStream, server: String, mut cut: broadcast::Receiver<()>) {
    let relaying = async {
        let mut server = TcpStream::connect(server).await?;
        copy_bidirectional(&mut client, &mut server).await
    };
    tokio::select! {
        _ = relaying => {}
        _ = cut.recv() => {}
    }
}
