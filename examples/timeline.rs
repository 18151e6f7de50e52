//! An application starts, stops on a real SIGTERM, and then fails to start and rolls back. What happened is drawn as text, and as
//! files if you name a folder for them. SIGUSR1 dumps what lives. (Where there are no such signals, the program stops by its handle.)
//!
//! ```sh
//! cargo run --example timeline
//! cargo run --example timeline -- target/timeline # writes an SVG, JSON lines and a Chrome trace into this folder
//! ```

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use lifespan::record::Recorder;
use lifespan::run::{RunHandle, Runner};
use lifespan::{BoxError, Enter, Error, Exit, Lifespan, Service, lifespan, scoped_resource};
use tokio::time::sleep;

const MS: Duration = Duration::from_millis(1);

/// A member that takes a while to start and to stop.
struct Part {
    stops: u32,
}

#[scoped_resource]
impl Part {
    #[enter]
    async fn start(starts: u32, stops: u32) -> Self {
        sleep(starts * MS).await;
        Part { stops }
    }

    #[exit]
    async fn stop(self, exit: &Exit) {
        exit.progress("closing connections");
        sleep(self.stops * MS).await;
    }
}

#[lifespan(is_broken: bool)]
struct App {
    #[enter(|| Part::start(120, 60), timeout = "2s")]
    #[exit(timeout = "1s")]
    database: Part,
    #[enter(|| Part::start(200, 20))]
    metrics: Part,
    #[enter(|_database| Part::start(90, 40))]
    cache: Part,
    #[enter(|_database| worker())]
    #[exit(timeout = "5s")]
    worker: Service<()>,
    #[enter(|is_broken, _cache, _metrics| server(*is_broken))]
    server: lifespan::Resource<()>,
}

/// Commits what it has begun, whatever comes.
fn worker() -> Lifespan<Service<()>, impl Enter<Service<()>>> {
    Service::start(async |ready, stop| -> Result<(), BoxError> {
        sleep(50 * MS).await;
        ready.set(());
        stop.requested().await;
        for at in 1..=3 {
            stop.progress(format!("committing {at} of 3"));
            sleep(60 * MS).await;
        }
        Ok(())
    })
}

fn server(is_broken: bool) -> Lifespan<lifespan::Resource<()>, impl Enter<lifespan::Resource<()>>> {
    let bind = async move {
        sleep(30 * MS).await;
        if is_broken { Err(io::Error::from(io::ErrorKind::AddrInUse)) } else { Ok(()) }
    };
    Lifespan::new(bind, async |(), _| sleep(80 * MS).await)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);

    let recorder = Recorder::start(1000);
    let runner = Runner::new();
    let run = runner.handle();
    let (ended, ()) = tokio::join!(runner.run(App::lifespan(false)), signals(&recorder, &run));
    ended?;
    show(&recorder, folder.as_deref(), "stopped")?;
    recorder.stop();

    let recorder = Recorder::start(1000);
    let failed: Result<(), Error> = App::lifespan(true).run().await;
    println!("\n{}\n", failed.expect_err("it cannot bind"));
    show(&recorder, folder.as_deref(), "rolled_back")?;

    println!(
        "\nplanned, at worst: {:?} to stop",
        App::plan().worst_case_exit().unwrap_or_default()
    );
    Ok(())
}

/// From another process, as an operator sends them.
async fn signals(recorder: &Recorder, run: &RunHandle) {
    sleep(400 * MS).await;
    dumped(recorder).await;
    sleep(200 * MS).await;
    if cfg!(unix) { send("TERM") } else { run.stop() }
}

#[cfg(unix)]
async fn dumped(recorder: &Recorder) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut asked = signal(SignalKind::user_defined1()).expect("it can be listened to");
    send("USR1");
    asked.recv().await;
    println!("{}\n", recorder.snapshot());
}

#[cfg(not(unix))]
async fn dumped(recorder: &Recorder) {
    println!("{}\n", recorder.snapshot());
}

fn send(signal: &str) {
    let process = std::process::id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-s", signal, &process])
        .status();
    assert!(sent.is_ok_and(|sent| sent.success()), "there is `kill`");
}

fn show(recorder: &Recorder, folder: Option<&Path>, name: &str) -> io::Result<()> {
    let timeline = recorder.timeline();
    println!("{}", timeline.text(100));
    let Some(folder) = folder else { return Ok(()) };
    fs::create_dir_all(folder)?;
    let file = |ending: &str| -> PathBuf { folder.join(format!("{name}.{ending}")) };
    fs::write(file("svg"), timeline.svg())?;
    fs::write(file("jsonl"), timeline.json_lines())?;
    fs::write(file("trace.json"), timeline.chrome_trace()) // opens in https://ui.perfetto.dev
}
