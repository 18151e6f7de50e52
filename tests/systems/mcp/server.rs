//! A server in a process of its own: started, read, sent signals, and awaited. It does not outlive its test.

use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::limit::{LIMIT, limited};

pub(crate) struct Server {
    child: Child,
    url: String,
    /// From its start until it said where it listens.
    pub(crate) started_in: Duration,
    said: watch::Receiver<Vec<String>>,
    readers: [JoinHandle<()>; 2],
    asked_to_stop: Option<Instant>,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// How long after the first signal.
    pub(crate) after: Duration,
    /// Both outputs, as they came.
    pub(crate) said: Vec<String>,
}

/// The example.
pub(crate) fn two_servers(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_served"));
    command.arg("--serve").args(options);
    command
}

/// The same service without this library.
pub(crate) fn plain() -> Command {
    Command::new(env!("CARGO_BIN_EXE_plain"))
}

impl Server {
    /// Waits until it listens.
    pub(crate) async fn start(command: Command) -> Self {
        let began = Instant::now();
        let mut server = Server::spawn(command);
        server.says("listening on", 1).await;
        server.started_in = began.elapsed();
        let url = server.said.borrow().iter().find_map(|line| {
            let (_, url) = line.split_once("listening on ")?;
            Some(url.to_owned())
        });
        server.url = url.expect("it said so");
        server
    }

    /// One that is not to come up.
    pub(crate) async fn fails(command: Command) -> Ended {
        Server::spawn(command).ended().await
    }

    /// Waits for nothing.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program is there");
        let (say, said) = watch::channel(Vec::new());
        let stdout = child.stdout.take().expect("piped");
        let stderr = child.stderr.take().expect("piped");
        let readers = [read(stdout, say.clone()), read(stderr, say)];
        Server {
            child,
            url: String::new(),
            started_in: Duration::ZERO,
            said,
            readers,
            asked_to_stop: None,
        }
    }

    /// Of one of its endpoints.
    pub(crate) fn url(&self, endpoint: &str) -> String {
        format!("{}/{endpoint}", self.url)
    }

    pub(crate) fn address(&self) -> &str {
        &self.url
    }

    pub(crate) fn port(&self) -> &str {
        self.url.rsplit(':').next().expect("it has a port")
    }

    /// Waits until so many of its lines contain that.
    pub(crate) async fn says(&mut self, text: &str, times: usize) {
        let enough = |said: &Vec<String>| count(said, text) >= times;
        let heard = limited(text, self.said.wait_for(enough)).await.is_ok();
        assert!(heard, "{times} × {text:?}: {:#?}", self.said.borrow());
    }

    pub(crate) fn said(&self, text: &str) -> usize {
        count(&self.said.borrow(), text)
    }

    pub(crate) async fn signal(&mut self, signal: &str) {
        self.asked_to_stop.get_or_insert_with(Instant::now);
        let id = self.child.id().expect("it has not been awaited");
        let sent = Command::new("kill").args(["-s", signal, &id.to_string()]).status();
        assert!(sent.await.expect("there is a `kill`").success());
    }

    /// Resident memory in KiB, where the system tells.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    pub(crate) async fn ended(self) -> Ended {
        self.ended_within(LIMIT).await.expect("it ends")
    }

    /// `None`: it has not ended by then, and is killed.
    pub(crate) async fn ended_within(mut self, limit: Duration) -> Option<Ended> {
        let status = tokio::time::timeout(limit, self.child.wait())
            .await
            .ok()?
            .expect("it is ours");
        let after = self.asked_to_stop.map_or(Duration::ZERO, |asked| asked.elapsed());
        for reader in self.readers {
            reader.await.expect("it only reads");
        }
        let said = self.said.borrow().clone();
        Some(Ended { status, after, said })
    }
}

impl Ended {
    pub(crate) fn said(&self, text: &str) -> usize {
        count(&self.said, text)
    }

    /// Fails the test unless there are lines that contain these texts, in this order.
    #[track_caller]
    pub(crate) fn tells(&self, expected: &[&str]) {
        let mut lines = self.said.iter();
        for text in expected {
            let found = lines.any(|line| line.contains(text));
            assert!(found, "{text:?} is missing, or out of order: {:#?}", self.said);
        }
    }
}

fn count(said: &[String], text: &str) -> usize {
    said.iter().filter(|line| line.contains(text)).count()
}

fn read(output: impl AsyncRead + Send + Unpin + 'static, say: watch::Sender<Vec<String>>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            say.send_modify(|said| said.push(line));
        }
    })
}
