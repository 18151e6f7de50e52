//! The resource of every cell, and the work that is done with it. Entering is quick; exiting takes a while, as closing a
//! connection does. The exit of `inner` fails each time: what becomes of its error is one of the questions.

use std::future::pending;
use std::time::Duration;

use tokio::sync::Notify;

use crate::journal::{Event, note};

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long an exit takes.
const EXIT: Duration = Duration::from_millis(20);

/// After which time a body that waits is timed out.
pub const SOON: Duration = Duration::from_millis(50);

/// A body waits: now it can be cancelled, dropped or forgotten.
pub static WAITING: Notify = Notify::const_new();

/// The exit of `inner` has begun.
pub static EXITING: Notify = Notify::const_new();

#[derive(Debug, Default)]
pub struct Resource {
    pub name: &'static str,
}

impl Resource {
    #[allow(clippy::unused_async, reason = "that is what opening a connection is")]
    pub async fn enter(name: &'static str) -> Result<Resource, BoxError> {
        note(Event::Entered { name: name.to_owned(), task: task() });
        Ok(Resource { name })
    }

    pub async fn exit(self) -> Result<(), BoxError> {
        let name = self.name.to_owned();
        note(Event::Exiting { name: name.clone(), task: task() });
        if self.name == "inner" {
            EXITING.notify_one();
        }
        tokio::time::sleep(EXIT).await;
        note(Event::Exited { name });
        if self.name == "inner" {
            return Err("inner did not flush".into());
        }
        Ok(())
    }
}

/// Which task runs here.
fn task() -> String {
    match tokio::task::try_id() {
        Some(id) => format!("task {id}"),
        None => format!("root on {:?}", std::thread::current().id()),
    }
}

/// What the body does.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    Return,
    Fail,
    Panic,
    Wait,
}

impl Work {
    pub async fn run(self) -> Result<(), BoxError> {
        match self {
            Work::Return => Ok(()),
            Work::Fail => Err("the body failed".into()),
            Work::Panic => panic!("the body panicked"),
            Work::Wait => {
                WAITING.notify_one();
                pending().await
            }
        }
    }
}
