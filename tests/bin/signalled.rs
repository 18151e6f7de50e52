//! A service that runs until it is told to stop; `tests/it/signals.rs` starts it, reads what it prints, and sends it signals.
//!
//! Its arguments: how many threads the runtime has, and what is to go wrong.

use std::future::pending;
use std::thread;
use std::time::Duration;

use lifespan::{BoxError, Error, Exit, Lifespan, ScopedResource};
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
        println!("ready");
        Ok(Service { wrong })
    }
}

impl ScopedResource for Service {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        println!("exiting");
        match &*self.wrong {
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

fn main() -> Result<(), Error> {
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
        let service = Lifespan::of(Service::start(wrong.clone()));
        service.named("service").exit_timeout(None).run().await
    });
    if wrong == "after" {
        println!("after");
        block();
    }
    ended
}
