//! Services: background tasks as resources (law 21).

mod composed;
mod deaths;
mod ends;
mod enters;
mod restarts;
mod stops;

use std::io;

use lifespan::{Enter, Lifespan, Service};
use tokio::sync::mpsc;

use crate::journal::Journal;

/// How a [`fragile`] service is made to end.
#[derive(Clone, Copy)]
pub enum End {
    Early,
    Fail(&'static str),
    Panic(&'static str),
}

/// Ends the service that it is the value of.
#[derive(Clone)]
pub struct Trigger(mpsc::UnboundedSender<End>);

impl Trigger {
    pub fn pull(&self, end: End) {
        self.0.send(end).expect("the service runs");
    }

    pub fn fail(&self, text: &'static str) {
        self.pull(End::Fail(text));
    }

    /// Has it fail, and waits for what that does.
    pub async fn fail_and_wait<T>(&self, text: &'static str) -> T {
        self.fail(text);
        std::future::pending().await
    }
}

/// Ready at once; does as its trigger says, and stops when it is asked to.
#[track_caller]
pub fn fragile(
    journal: &Journal,
    name: &'static str,
) -> Lifespan<Service<Trigger>, impl Enter<Service<Trigger>> + use<>> {
    let journal = journal.clone();
    let service = Service::start(async move |ready, stop| {
        let (trigger, mut pulled) = mpsc::unbounded_channel();
        journal.log(format!("{name} runs"));
        ready.set(Trigger(trigger));
        tokio::select! {
            Some(end) = pulled.recv() => {
                journal.log(format!("{name} dies"));
                match end {
                    End::Early => Ok(()),
                    End::Fail(text) => Err(io::Error::other(text)),
                    End::Panic(text) => panic!("{text}"),
                }
            }
            () = stop.requested() => {
                journal.log(format!("{name} stops"));
                Ok(())
            }
        }
    });
    service.named(name)
}
