//! A child process that is ended in steps, each with its time: its standard input is closed, then it gets SIGTERM, then it is killed.
//! The process is awaited, so none is left as a zombie; `kill_on_drop` is for the day when the whole runtime is dropped.
//!
//! ```text
//! cat: its input was closed
//! sleep: SIGTERM
//! stubborn: killed
//! ```

#[cfg(unix)]
mod process {
    use std::io;
    use std::process::Stdio;
    use std::time::Duration;

    use lifespan::{BoxError, Exit, scoped_resource};
    use rustix::process::{Pid, Signal, kill_process};
    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::process::{Child, Command};
    use tokio::time::timeout;

    const STEP: Duration = Duration::from_millis(500);

    pub(crate) struct Process {
        name: &'static str,
        child: Child,
    }

    #[scoped_resource(enter_timeout = "5s", exit_timeout = "5s")]
    impl Process {
        /// Runs a script of the shell that says `ready`.
        #[enter]
        pub(crate) async fn start(name: &'static str, script: &'static str) -> io::Result<Self> {
            let mut command = Command::new("sh");
            command.args(["-c", script]).kill_on_drop(true);
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
            if let Some(output) = &mut child.stdout {
                BufReader::new(output).read_line(&mut String::new()).await?;
            }
            Ok(Process { name, child })
        }

        #[exit]
        async fn stop(mut self, exit: &Exit) -> Result<(), BoxError> {
            let end = self.end(exit).await?;
            println!("{}: {end}", self.name);
            Ok(())
        }
    }

    impl Process {
        async fn end(&mut self, exit: &Exit) -> Result<&'static str, BoxError> {
            drop(self.child.stdin.take());
            if let Ok(ended) = timeout(STEP, self.child.wait()).await {
                return ended.map(|_| "its input was closed").map_err(Into::into);
            }
            exit.progress("got SIGTERM"); // is in the error if the budget runs out
            if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)) {
                kill_process(pid, Signal::TERM)?;
            }
            if let Ok(ended) = timeout(STEP, self.child.wait()).await {
                return ended.map(|_| "SIGTERM").map_err(Into::into);
            }
            self.child.kill().await?; // and waits
            Ok("killed")
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), lifespan::Error> {
    #[cfg(unix)]
    for (name, script) in [
        ("cat", "echo ready; exec cat"),
        ("sleep", "echo ready; exec sleep 60"),
        ("stubborn", "trap '' TERM; echo ready; exec sleep 60"),
    ] {
        process::Process::start(name, script).scope_ok(async |_| ()).await?;
    }
    Ok(())
}
