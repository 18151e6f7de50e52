//! A service as an orchestrator sees it, under load from another process, stopped by SIGTERM: not ready, still serving, then gone, and
//! nothing that was taken is lost.
//!
//! ```sh
//! cargo run -p production             # all is well
//! cargo run -p production -- stories  # what can go wrong: the names to give here
//! cargo run -p production -- rolling  # two instances, restarted in turn, beside plain axum
//! ```
//!
//! This process is the orchestrator. It starts itself twice: as the service (`service.rs`) and as its clients (`load.rs`), which behave
//! as a load balancer does that asks `/readyz`. The lines that begin with `lifespan:` are the service's own.

mod load;
mod rolling;
mod service;

use std::process::{ExitCode, Stdio};
use std::time::Duration;

use lifespan::BoxError;
use service::Faults;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout};

/// What this orchestrator grants between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(30);

const STORIES: &str = "\
usage: production [STORY]

  well             ready, draining, served on, stopped; nothing is lost (the default)
  late-database    the database comes up at the third attempt
  hanging-handler  a handler never answers: it is cut at its deadline
  slow-worker      the worker needs longer to stop than it may
  hurry            a second SIGTERM ends the drain
  failing-worker   the worker fails twice and recovers, then fails for good
  rolling          two instances behind a balancer, restarted in turn, beside plain axum";

/// What goes wrong in a story, and how many SIGTERM its service gets.
fn story(name: &str) -> Option<(Faults, usize)> {
    let well = Faults::default();
    Some(match name {
        "well" => (well, 1),
        "late-database" => (Faults { database_is_late_by: 2, ..well }, 1),
        "hanging-handler" => (Faults { report_hangs: true, ..well }, 1),
        "slow-worker" => (Faults { worker_is_slow: true, ..well }, 1),
        "hurry" => (well, 2),
        "failing-worker" => (Faults { worker_fails_after: Some(100), ..well }, 0),
        _ => return None,
    })
}

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let name = match args[..] {
        [] => "well",
        ["rolling"] => return rolling::run().await.map(|()| ExitCode::SUCCESS),
        ["plain"] => return rolling::plain().await.map(|()| ExitCode::SUCCESS),
        ["service", name] | [name] => name,
        ["load", address] => return load::run(address).await.map(|()| ExitCode::SUCCESS),
        _ => "",
    };
    let Some((faults, signals)) = story(name) else {
        eprintln!("{STORIES}");
        return Ok(ExitCode::from(2));
    };
    if args.first() == Some(&"service") {
        service::run(faults).await?;
    } else {
        orchestrate(name, signals).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn orchestrate(story: &str, signals: usize) -> Result<(), BoxError> {
    service::plan().fits(GRACE)?;

    let mut service = itself(&["service", story]).stdout(Stdio::piped()).spawn()?;
    let mut said = lines(&mut service)?;
    let address = said.next_line().await?.ok_or("it says where it listens")?;
    println!("{}", said.next_line().await?.ok_or("it says that it has started")?);
    let mut load = itself(&["load", &address]).stdout(Stdio::piped()).spawn()?;
    let mut counted = lines(&mut load)?;
    while counted.next_line().await?.is_some_and(|line| line != "load: under way") {}

    let asked = Instant::now();
    for _ in 0..signals {
        println!("SIGTERM");
        terminate(&service)?;
        // It says what it does at this one: so the next is another one.
        if let Some(line) = said.next_line().await? {
            println!("{line}");
        }
    }
    while let Some(line) = said.next_line().await? {
        println!("{line}");
    }
    while let Some(line) = counted.next_line().await? {
        println!("{line}");
    }
    load.wait().await?;
    let status = timeout(GRACE, service.wait()).await??;
    println!(
        "gone after {:.1} s of {} s, with {status}",
        asked.elapsed().as_secs_f64(),
        GRACE.as_secs()
    );
    Ok(())
}

fn itself(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program is a file"));
    command.args(args).kill_on_drop(true);
    command
}

/// What a process prints.
type Said = Lines<BufReader<ChildStdout>>;

fn lines(process: &mut Child) -> Result<Said, BoxError> {
    let output = process.stdout.take().ok_or("its output is piped")?;
    Ok(BufReader::new(output).lines())
}

fn terminate(process: &Child) -> Result<(), BoxError> {
    let id = process.id().ok_or("it runs")?;
    let sent = std::process::Command::new("kill").arg(id.to_string()).status()?;
    sent.success().then_some(()).ok_or_else(|| "`kill` failed".into())
}
