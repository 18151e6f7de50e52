//! Runs with signals that are only said to have come. Real ones: `tests/it/signals.rs`.

use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::RunState;
use super::signal::Signal;
use super::stage::Stage;
use super::{RunHandle, Runner};
use crate::cancellation::Cancellation;
use crate::scope::caught::caught;
use crate::{BoxError, Enter, Error, ErrorKind, Exit, Lifespan, Phase, join};
use crate::{LocalResource, ScopedResource};

mod beside;
mod bodies;
mod said;
mod setting;
mod signals;
mod states;

/// What happened, in order.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    fn log(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    #[track_caller]
    fn assert<const N: usize>(&self, expected: [&str; N]) {
        assert_eq!(*self.0.lock().unwrap(), expected);
    }

    async fn reached(&self, line: &str) {
        while !self.0.lock().unwrap().iter().any(|logged| logged == line) {
            yield_now().await;
        }
    }

    /// Enters and exits as it is told.
    fn resource(&self, name: &'static str, enter: Step, exit: Step) -> Lifespan<Db, impl Enter<Db> + use<>> {
        let journal = self.clone();
        let open = async move {
            enter.run().await?;
            journal.log(format!("enter {name}"));
            Ok::<_, BoxError>(Db { journal, name, exit })
        };
        Lifespan::of(open).named(name).exit_timeout(None)
    }
}

#[derive(Clone, Copy)]
enum Step {
    Now,
    Sleep(u64),
    Hang,
    Fail,
    Panic,
}

impl Step {
    async fn run(self) -> Result<(), BoxError> {
        match self {
            Step::Now => Ok(()),
            Step::Sleep(secs) => {
                sleep(Duration::from_secs(secs)).await;
                Ok(())
            }
            Step::Hang => pending().await,
            Step::Fail => Err("disk full".into()),
            Step::Panic => panic!("bug"),
        }
    }
}

struct Db {
    journal: Journal,
    name: &'static str,
    exit: Step,
}

impl ScopedResource for Db {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        let Db { journal, name, .. } = self;
        journal.log(format!("exit {name}: {}", exit.cause()));
        self.exit.run().await?;
        journal.log(format!("exited {name}"));
        Ok(())
    }
}

/// Says that signals have come.
struct Sender(Arc<Stage>);

impl Sender {
    fn send(&self, signal: Signal) {
        self.0.climb(signal).unwrap();
    }
}

/// The lifespan as it runs, and its signals.
#[track_caller]
fn running<R: LocalResource, F: Enter<R>>(
    lifespan: Lifespan<R, F>,
) -> (Sender, impl Future<Output = Result<(), Error>>) {
    let runner = quiet();
    (sender(&runner), runner.listening(lifespan, |_| Ok(())))
}

fn quiet() -> Runner {
    Runner::new().commentary(super::Commentary::new().to(|_| ()))
}

fn sender(runner: &Runner) -> Sender {
    Sender(Arc::clone(runner.stage()))
}

fn paused() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

fn test(test: impl Future<Output = ()>) {
    paused().block_on(test);
}

/// Runs both; what `beside` does it does while the other waits.
async fn with<T>(running: impl Future<Output = T>, beside: impl Future<Output = ()>) -> T {
    tokio::join!(running, beside).0
}

/// Abandons it in its body.
async fn abandon<F: Enter<Db> + Send + 'static>(lifespan: Lifespan<Db, F>) {
    let task = tokio::spawn(lifespan.scope_ok(async |_| pending::<()>().await));
    yield_now().await;
    task.abort();
    assert!(task.await.is_err());
}
