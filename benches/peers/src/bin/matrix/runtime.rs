//! Where a cell runs: the columns of the table.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, LocalSet, spawn, spawn_local};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    CurrentThread,
    MultiThread,
    LocalSet,
    Root,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::CurrentThread, Kind::MultiThread, Kind::LocalSet, Kind::Root];

    pub fn name(self) -> &'static str {
        match self {
            Kind::CurrentThread => "current_thread",
            Kind::MultiThread => "multi_thread",
            Kind::LocalSet => "LocalSet",
            Kind::Root => "block_on root",
        }
    }

    pub fn build(self) -> Runtime {
        let mut builder = match self {
            Kind::MultiThread => Builder::new_multi_thread(),
            _ => Builder::new_current_thread(),
        };
        builder.worker_threads(2).enable_all().build().expect("a runtime")
    }

    /// Runs a future to its end, as a task or as the root.
    pub fn run<F>(self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = self.build();
        match self {
            Kind::Root => runtime.block_on(future),
            Kind::LocalSet => LocalSet::new()
                .block_on(&runtime, async { self.spawn(future).await })
                .expect("the task"),
            _ => runtime.block_on(async { self.spawn(future).await }).expect("the task"),
        }
    }

    /// A task of this kind of runtime.
    pub fn spawn<F>(self, future: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self == Kind::LocalSet { spawn_local(future) } else { spawn(future) }
    }
}
