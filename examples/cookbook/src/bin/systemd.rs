//! A service that tells systemd how far it has come (`Type=notify`): it is ready, it stops, what it says of itself is its status, and
//! an exit that makes progress gets more time. Here the recipe plays systemd as well, and prints what it is told.
//!
//! ```text
//! READY=1
//! STATUS=app started
//! STOPPING=1
//! STATUS=SIGTERM: stopping app
//! EXTEND_TIMEOUT_USEC=10000000
//! STATUS=app stopped
//! ```

#[cfg(unix)]
mod service {
    use std::io;
    use std::time::Duration;

    use lifespan::event::{self, EventKind, Level};
    use lifespan::run::{Commentary, RunState, Runner};
    use lifespan::{Exit, Lifespan};
    use sd_notify::NotifyState;

    /// How long systemd is to wait after each progress, instead of `TimeoutStopSec`.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Without systemd, nothing is sent.
    fn notify(state: NotifyState<'_>) {
        let _ = sd_notify::notify(&[state]);
    }

    fn notify_systemd() -> Commentary {
        event::observe(Level::Trace, |event| match event.kind() {
            EventKind::Run { state: RunState::Ready, .. } => notify(NotifyState::Ready),
            EventKind::Run { state: RunState::Stopping, .. } => notify(NotifyState::Stopping),
            EventKind::Progress { .. } => notify(NotifyState::ExtendTimeoutUsec(
                PATIENCE.as_micros().try_into().unwrap_or(u32::MAX),
            )),
            _ => {}
        });
        Commentary::new().to(|line| notify(NotifyState::Status(line)))
    }

    pub(crate) async fn run() -> Result<(), lifespan::Error> {
        let app = Lifespan::new(async { Ok::<_, io::Error>(()) }, async |(), exit: &Exit| {
            exit.progress("writing 1 of 1");
        });
        Runner::new().commentary(notify_systemd()).run(app.named("app")).await
    }
}

#[cfg(unix)]
mod systemd {
    use std::io;
    use std::os::unix::net::UnixDatagram;
    use std::process::{Command, ExitStatus};
    use std::time::Duration;

    use rustix::process::{Pid, Signal, kill_process};

    /// Starts this program again as the service, stops it when it is ready, and prints what it tells until it has stopped.
    pub(crate) fn play() -> io::Result<ExitStatus> {
        let path = std::env::temp_dir().join(format!("notify-{}", std::process::id()));
        let socket = UnixDatagram::bind(&path)?;
        socket.set_read_timeout(Some(Duration::from_secs(30)))?; // if the service has died
        let mut command = Command::new(std::env::current_exe()?);
        let mut service = command.arg("service").env("NOTIFY_SOCKET", &path).spawn()?;
        let mut buffer = [0; 1000];
        loop {
            let length = socket.recv(&mut buffer)?;
            let told = String::from_utf8_lossy(&buffer[..length]);
            for line in told.lines() {
                // Without how long it took.
                println!("{}", line.split(" in ").next().unwrap_or(line));
            }
            if told.contains("STATUS=app started") {
                let id = service.id().try_into().ok().and_then(Pid::from_raw);
                kill_process(id.ok_or(io::ErrorKind::InvalidData)?, Signal::TERM)?;
            }
            if told.contains("STATUS=app stopped") {
                std::fs::remove_file(&path)?;
                return service.wait();
            }
        }
    }
}

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("service") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return Ok(runtime.block_on(service::run())?);
    }
    let ended = systemd::play()?;
    assert!(ended.success(), "{ended}");
    Ok(())
}

#[cfg(not(unix))]
fn main() {}
