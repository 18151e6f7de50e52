//! A public generic resource over a transport trait, scoped from generic code that spawns.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex};

use lifespan::{Exit, scoped_resource};

use crate::everywhere::everywhere;

pub trait Transport: Send + 'static {
    fn send(&mut self, frame: String) -> impl Future<Output = io::Result<()>> + Send;
    fn receive(&mut self) -> impl Future<Output = io::Result<String>> + Send;
}

/// A session over any transport.
pub struct Session<T: Transport> {
    transport: T,
    calls: u32,
}

#[scoped_resource(name = "session")]
impl<T: Transport> Session<T> {
    /// Shakes hands.
    #[enter]
    pub async fn open(mut transport: T, user: &str) -> io::Result<Self> {
        transport.send(format!("hello {user}")).await?;
        match transport.receive().await?.as_str() {
            "welcome" => Ok(Session { transport, calls: 0 }),
            answer => Err(io::Error::other(format!("not welcome: {answer}"))),
        }
    }

    #[exit]
    async fn close(mut self, exit: &Exit) -> io::Result<()> {
        self.transport
            .send(format!("bye after {} calls, {}", self.calls, exit.cause()))
            .await
    }

    /// Asks one question.
    pub async fn call(&mut self, question: &str) -> io::Result<String> {
        self.calls += 1;
        self.transport.send(question.to_owned()).await?;
        self.transport.receive().await
    }
}

/// A user's function that knows neither the transport nor the task it runs in.
fn ask_in_background<T: Transport + Sync>(
    transport: T,
    question: &'static str,
) -> tokio::task::JoinHandle<anyhow::Result<String>> {
    tokio::spawn(async move {
        Session::open(transport, "me")
            .scope(async |session| Ok(session.call(question).await?))
            .await
    })
}

struct Memory {
    sent: Arc<Mutex<Vec<String>>>,
    answers: VecDeque<&'static str>,
}

impl Transport for Memory {
    async fn send(&mut self, frame: String) -> io::Result<()> {
        tokio::task::yield_now().await;
        self.sent.lock().unwrap().push(frame);
        Ok(())
    }

    async fn receive(&mut self) -> io::Result<String> {
        tokio::task::yield_now().await;
        self.answers
            .pop_front()
            .map(str::to_owned)
            .ok_or_else(|| io::Error::other("hung up"))
    }
}

#[test]
fn says_hello_and_bye() {
    everywhere(|| async {
        let sent = Arc::<Mutex<Vec<String>>>::default();
        let memory =
            |answers: &[&'static str]| Memory { sent: sent.clone(), answers: answers.iter().copied().collect() };
        let answer = ask_in_background(memory(&["welcome", "42"]), "what is it")
            .await
            .unwrap();
        assert_eq!(answer.unwrap(), "42");
        let error = ask_in_background(memory(&["go away"]), "what")
            .await
            .unwrap()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "resource `session` failed to enter: not welcome: go away"
        );
        let error = ask_in_background(memory(&["welcome"]), "why")
            .await
            .unwrap()
            .unwrap_err();
        assert_eq!(error.to_string(), "hung up");
        assert_eq!(
            *sent.lock().unwrap(),
            [
                "hello me",
                "what is it",
                "bye after 1 calls, completed",
                "hello me",
                "hello me",
                "why",
                "bye after 1 calls, failed",
            ]
        );
    });
}
