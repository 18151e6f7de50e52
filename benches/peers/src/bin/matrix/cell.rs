//! One cell: a peer, a path out, a runtime. It is driven in a process of its own, and judged by what that process wrote.

use std::io::{IsTerminal, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::peers::{self, Peer};
use crate::row::Row;
use crate::runtime::Kind;
use crate::verdict::{Ended, Verdict};
use crate::{drive, journal};

/// A cell that takes longer than this hangs. The slowest that does not takes half a second.
const LIMIT: Duration = Duration::from_secs(8);

/// Cells that run at the same time: they mostly wait.
const AT_ONCE: usize = 4;

#[derive(Clone, Copy)]
pub struct Cell {
    pub peer: &'static Peer,
    pub row: Row,
    pub kind: Kind,
}

impl Cell {
    pub fn find(peer: &str, row: &str, kind: &str) -> Cell {
        let found = || {
            Some(Cell {
                peer: peers::ALL.iter().find(|it| it.name == peer)?,
                row: *Row::ALL.iter().find(|it| it.name() == row)?,
                kind: *Kind::ALL.iter().find(|it| it.name() == kind)?,
            })
        };
        found().expect("a peer, a row and a runtime of the table")
    }

    /// In the process of the cell.
    pub fn drive(self) {
        peers::listen();
        drive::drive(self.peer, self.row, self.kind);
    }

    /// Whether there is anything to drive: a root cannot be aborted, and not every crate cancels or has timeouts.
    fn exists(self) -> bool {
        match self.row {
            Row::Abort => self.kind != Kind::Root,
            Row::OwnCancel => self.peer.cancelled.is_some(),
            Row::OwnTimeout => self.peer.timed_out.is_some(),
            _ => true,
        }
    }

    fn judge(self) -> Verdict {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["cell", self.peer.name, self.row.name(), self.kind.name()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env_remove("RUST_BACKTRACE")
            .spawn()
            .expect("a process for the cell");
        let out = reader(child.stdout.take());
        let errors = reader(child.stderr.take());
        let ended = match wait(&mut child) {
            None => Ended::Hung,
            Some(status) if status.success() => Ended::Alive,
            Some(status) if status.code().is_none() => Ended::Aborted,
            Some(_) => Ended::Failed,
        };
        let out = out.join().expect("its output");
        let errors = errors.join().expect("its errors");
        Verdict::of(&journal::read(&out), &errors, ended)
    }
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.expect("a pipe").read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Until the process ends; kills it when it takes too long.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("its status") {
            return Some(status);
        }
        if started.elapsed() > LIMIT {
            child.kill().expect("it to end");
            child.wait().expect("its status");
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// All cells of these peers; those that do not exist have no verdict.
pub fn run_all(peers: &'static [Peer]) -> Vec<(Cell, Option<Verdict>)> {
    let cells: Vec<Cell> = peers
        .iter()
        .flat_map(|peer| Row::ALL.map(|row| Kind::ALL.map(|kind| Cell { peer, row, kind })))
        .flatten()
        .collect();
    let next = AtomicUsize::new(0);
    let mut judged: Vec<(usize, Option<Verdict>)> = thread::scope(|scope| {
        let judge = || judge_some(&cells, &next);
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(judge)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a worker"))
            .collect()
    });
    eprintln!("{} cells", cells.len());
    judged.sort_by_key(|(at, _)| *at);
    judged.into_iter().map(|(at, verdict)| (cells[at], verdict)).collect()
}

fn judge_some(cells: &[Cell], next: &AtomicUsize) -> Vec<(usize, Option<Verdict>)> {
    let mut judged = Vec::new();
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(cell) = cells.get(at) else {
            return judged;
        };
        if std::io::stderr().is_terminal() {
            eprint!("\r{at} of {} cells ", cells.len());
        } else if at.is_multiple_of(48) {
            eprintln!("{at} of {} cells", cells.len());
        }
        judged.push((at, cell.exists().then(|| cell.judge())));
    }
}
