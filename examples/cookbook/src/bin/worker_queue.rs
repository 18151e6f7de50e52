//! A worker with a queue that drains: jobs that were accepted are done before its scope returns, within its stop timeout.
//! A job that comes when the worker is to stop is refused with an error, so that none is lost silently.
//!
//! ```text
//! resized cat.png
//! resized dog.png
//! resized owl.png
//! refused: fox.png
//! ```

use std::time::Duration;

use lifespan::task::ServiceOptions;
use lifespan::{BoxError, Enter, Lifespan, Service};
use tokio::sync::mpsc;
use tokio::time::sleep;

type Jobs = mpsc::Sender<&'static str>;

fn worker() -> Lifespan<Service<Jobs>, impl Enter<Service<Jobs>>> {
    ServiceOptions::new()
        .stop_timeout(Duration::from_secs(30)) // for all that is queued
        .start(async |ready, stop| {
            let (jobs, mut queue) = mpsc::channel(16);
            ready.set(jobs);
            loop {
                let job = tokio::select! {
                    job = queue.recv() => job,
                    () = stop.requested(), if !queue.is_closed() => {
                        queue.close(); // accepts no more; `recv` still gives what it has
                        continue;
                    }
                };
                let Some(job) = job else { break };
                sleep(Duration::from_millis(5)).await;
                println!("resized {job}");
                stop.progress(format_args!("{} jobs left", queue.len()));
            }
        })
        .named("worker")
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let jobs = worker()
        .scope(async |worker| -> Result<Jobs, BoxError> {
            for job in ["cat.png", "dog.png", "owl.png"] {
                worker.send(job).await?;
            }
            Ok(Jobs::clone(worker))
        })
        .await?; // returns when the queue is empty
    if let Err(refused) = jobs.send("fox.png").await {
        println!("refused: {}", refused.0);
    }
    Ok(())
}
