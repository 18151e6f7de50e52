//! A service as an orchestrator sees it, under load from another process, stopped by SIGTERM: not ready, still serving, then gone, and
//! nothing that was taken is lost.
//!
//! ```sh
//! cargo run -p production
//! ```
//!
//! This process is the orchestrator. It starts itself twice: as the service (`service.rs`) and as its clients (`load.rs`), which behave
//! as a load balancer does that asks `/readyz`. The lines that begin with `lifespan:` are the service's own.

mod load;
mod service;

use std::process::{Output, Stdio};
use std::time::Duration;

use lifespan::BoxError;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// What this orchestrator grants between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["service"] => Ok(service::run().await?),
        ["load", address] => load::run(address).await,
        _ => orchestrate().await,
    }
}

async fn orchestrate() -> Result<(), BoxError> {
    service::plan().fits(GRACE)?;

    let mut service = itself(&["service"]).stdout(Stdio::piped()).spawn()?;
    let mut said = BufReader::new(service.stdout.take().ok_or("its output is piped")?).lines();
    let address = said.next_line().await?.ok_or("it says where it listens")?;
    let load = itself(&["load", &address]).stdout(Stdio::piped()).spawn()?;
    sleep(Duration::from_millis(700)).await;

    println!("SIGTERM");
    let asked = Instant::now();
    terminate(&service)?;
    let Output { status, stdout, .. } = load.wait_with_output().await?;
    println!("{}", String::from_utf8(stdout)?.trim_end());
    assert!(status.success(), "no request may fail");
    let status = tokio::time::timeout(GRACE, service.wait()).await??;
    while let Some(line) = said.next_line().await? {
        println!("{line}");
    }
    println!(
        "gone after {:.1} s of {} s, with {status}",
        asked.elapsed().as_secs_f64(),
        GRACE.as_secs()
    );
    assert!(status.success(), "all has exited cleanly");
    Ok(())
}

fn itself(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program is a file"));
    command.args(args).kill_on_drop(true);
    command
}

fn terminate(process: &Child) -> Result<(), BoxError> {
    let id = process.id().ok_or("it runs")?;
    let sent = std::process::Command::new("kill").arg(id.to_string()).status()?;
    sent.success().then_some(()).ok_or_else(|| "`kill` failed".into())
}
