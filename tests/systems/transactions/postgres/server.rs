//! A PostgreSQL server for as long as the tests run: on a socket in a new folder, which holds its data, too. A shell starts it
//! and waits for the end of its own input, so that server and folder are gone however the tests end, even if they are
//! killed. Where it may not run as root, it runs as somebody else.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Prints its folder when the server is ready. `$1` is where the programs of PostgreSQL are.
const RUN: &str = r#"
    home=$(mktemp -d -t lifespan-postgres.XXXXXX) || exit
    trap 'rm -rf "$home"' EXIT
    trap exit HUP INT TERM
    cd "$home" || exit
    fail() { cat log >&2; exit 1; }
    "$1/initdb" -D data -U lifespan -A trust -E UTF8 --locale=C --no-sync >log 2>&1 || fail
    "$1/postgres" -D data -k "$home" -p 5432 -c listen_addresses= -c fsync=off \
        -c shared_buffers=4MB >>log 2>&1 &
    tries=0
    until "$1/pg_isready" -q -h "$home" -p 5432; do
        kill -0 $! 2>/dev/null && [ $((tries += 1)) -lt 600 ] || fail
        sleep 0.05
    done
    echo "$home"
    cat >/dev/null
    kill -INT $!
    wait $!
"#;

pub(crate) struct Server {
    folder: PathBuf,
    /// It ends with its input, and that with this process.
    _shell: Child,
}

impl Server {
    /// The server of all tests, up to the end of this process; nothing if PostgreSQL is not installed, which is said.
    pub(crate) fn shared() -> Option<&'static Server> {
        static SHARED: OnceLock<Option<Server>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Some(Server::start(&programs()?)));
        shared.as_ref()
    }

    fn start(programs: &Path) -> Self {
        let mut shell = as_somebody("sh")
            .args(["-c", RUN, "sh"])
            .arg(programs)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut folder = String::new();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        output.read_line(&mut folder).unwrap();
        assert!(!folder.is_empty(), "PostgreSQL does not start; see above");
        Server { folder: folder.trim_end().into(), _shell: shell }
    }

    /// Where its socket is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Where the newest server is that is installed.
fn programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<(u32, PathBuf)> = debian
        .flatten()
        .filter_map(|version| {
            let number = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .collect();
    versions.sort();
    let elsewhere = env::var_os("PATH").unwrap_or_default();
    let found = versions
        .into_iter()
        .rev()
        .map(|(_, programs)| programs)
        .chain(env::split_paths(&elsewhere))
        .find(|programs| programs.join("initdb").exists() && programs.join("postgres").exists());
    if found.is_none() {
        skip();
    }
    found
}

/// Not with `eprintln`, which nobody sees when the test passes.
fn skip() {
    let required = env::var_os("LIFESPAN_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
    assert!(!required, "no PostgreSQL server is installed");
    let text = "skipped: the tests on PostgreSQL, whose server is not installed";
    let _ = writeln!(io::stderr(), "{text}");
}

/// A command that does not run as root, which `initdb` refuses.
fn as_somebody(program: &str) -> Command {
    if id(&["-u"]) != Some(0) {
        return Command::new(program);
    }
    let user = ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)));
    let (user, group) = user.expect("there is a user who is not root");
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={user}"))
        .arg(format!("--regid={group}"))
        .args(["--clear-groups", program]);
    command
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
