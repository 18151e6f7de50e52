//! Virtual environments with pinned packages, under the target folder; each is made once, and again when its pins change.
//!
//! Where there is no Python, or no way to its packages, the tests that need it are skipped, audibly; with
//! `LIFESPAN_REQUIRE_PYTHON=1` they fail.

use std::io::Write;
use std::path::{Path, PathBuf};

use tokio::process::Command;
use tokio::sync::Mutex;

/// Tests that need the same one wait for whoever makes it.
static MAKING: Mutex<()> = Mutex::const_new(());

pub(crate) struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// The one with the packages in `python/{pins}.txt`. `None`: skipped.
    pub(crate) async fn of(pins: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(pins);
        let environment = Environment { folder };
        match environment.prepare(pins).await {
            Ok(()) => Some(environment),
            Err(why) => {
                let required = std::env::var_os("LIFESPAN_REQUIRE_PYTHON").is_some_and(|one| one == "1");
                assert!(!required, "{why}");
                // Past the test harness, which keeps what a test that passes prints.
                let _ = writeln!(std::io::stderr(), "\nskipped, since {pins} is not there: {why}");
                None
            }
        }
    }

    pub(crate) fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    async fn prepare(&self, pins: &str) -> Result<(), String> {
        let _alone = MAKING.lock().await;
        let list = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("python/{pins}.txt"));
        let wanted = std::fs::read_to_string(&list).map_err(|error| error.to_string())?;
        let mark = self.folder.join("made-from.txt");
        if std::fs::read_to_string(&mark).is_ok_and(|made| made == wanted) {
            return Ok(());
        }
        let mut make = Command::new("python3");
        run(make.args(["-m", "venv", "--clear"]).arg(&self.folder)).await?;
        let mut install = Command::new(self.python());
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(install.args(pip).arg(&list)).await?;
        std::fs::write(&mark, wanted).map_err(|error| error.to_string())
    }
}

async fn run(command: &mut Command) -> Result<(), String> {
    let program = command.as_std().get_program().display().to_string();
    let output = command.output().await.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}: {said}", output.status))
}
