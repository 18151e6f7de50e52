//! A service that runs until it is told to stop; `tests/it/signals.rs` starts it, reads what it prints, and sends it signals.
//!
//! Its arguments: how many threads the runtime has, and what is to go wrong.

use std::future::pending;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use lifespan::run::{RunHandle, RunState, Runner, reload_signals};
use lifespan::{BoxError, Enter, Error, Exit, Lifespan, ScopedResource};
use tokio::runtime::Builder;
use tokio::sync::{Notify, oneshot};

struct Service {
    wrong: String,
}

impl Service {
    async fn start(wrong: String) -> Result<Service, BoxError> {
        if wrong == "start-up" {
            println!("starting");
            pending::<()>().await;
        }
        Ok(Service { wrong })
    }
}

impl ScopedResource for Service {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        println!("exiting");
        match self.wrong.trim_start_matches("drain, ") {
            "exit fails" => return Err("disk full".into()),
            "exit hangs" => pending().await,
            "exit blocks" => block(),
            "drop blocks" => {
                let _blocker = Blocker;
                pending::<()>().await;
            }
            _ => {}
        }
        println!("exited");
        EXITED.notify_one();
        Ok(())
    }
}

struct Blocker;

impl Drop for Blocker {
    fn drop(&mut self) {
        println!("dropping");
        block();
    }
}

fn block() {
    loop {
        thread::park();
    }
}

/// Told when the service has exited.
static EXITED: Notify = Notify::const_new();

/// A client that was disconnected, whose exit lasts longer than the service.
async fn abandon() {
    let open = async { Ok::<_, BoxError>(()) };
    let client = Lifespan::new(open, async |(), _| {
        EXITED.notified().await;
        println!("rescued");
    });
    let (connected, is_connected) = oneshot::channel();
    let task = tokio::spawn(client.scope_ok(async |_| {
        let _ = connected.send(());
        pending::<()>().await;
    }));
    let _ = is_connected.await;
    task.abort();
    let _ = task.await;
}

/// As a `main` says that returns it.
fn failed(error: &Error) -> ExitCode {
    eprintln!("Error: {error:?}");
    ExitCode::FAILURE
}

/// Says when the service runs and when it drains: a signal that comes before it runs has other effects.
fn tell(run: RunHandle) {
    tokio::spawn(async move {
        if run.reached(RunState::Ready).await == RunState::Ready {
            println!("ready");
        }
        if run.reached(RunState::Draining).await == RunState::Draining {
            println!("draining");
        }
    });
}

/// What a command-line tool does, whose body waits for ever.
async fn tool(runner: Runner, service: Lifespan<Service, impl Enter<Service>>) -> ExitCode {
    let run = runner.handle();
    let ended = runner.run_with(service, async |_| pending::<Result<(), Error>>().await);
    assert!(ended.await.is_err_and(|error| error.is_cancelled()));
    run.exit_code()
}

fn main() -> ExitCode {
    // No test waits for ever.
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(60));
        std::process::abort();
    });
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().unwrap();
    let wrong = arguments.next().unwrap();
    let mut builder = match &*threads {
        "one" => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    // Without a driver for signals.
    let runtime = builder.enable_time().build().unwrap();
    let ended = runtime.block_on(async {
        if wrong == "rescue" {
            abandon().await;
        }
        if wrong.contains("reload") {
            let mut signals = reload_signals().unwrap();
            let reloads = tokio::spawn(async move {
                loop {
                    signals.next().await;
                    println!("reloaded");
                }
            });
            if wrong == "only reload" {
                println!("ready");
                reloads.await.unwrap();
            }
        }
        let service = Lifespan::of(Service::start(wrong.clone()));
        let service = service.named("service").exit_timeout(None);
        let mut runner = Runner::new();
        if wrong.starts_with("drain") {
            runner = runner.drain_for(Duration::MAX);
        }
        tell(runner.handle());
        if wrong == "tool" {
            return tool(runner, service).await;
        }
        let ended = runner.run(service).await;
        ended.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
    });
    if wrong == "after" {
        println!("after");
        block();
    }
    ended
}
