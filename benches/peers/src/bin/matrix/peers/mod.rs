//! Those who take part. Each nests two resources, `outer` and `inner`, around a body, as its own documentation says.

use std::future::{Future, ready};
use std::pin::Pin;

use crate::resource::{BoxError, Work};
use crate::row::Row;

mod async_dropper;
mod async_safe_defer;
mod hand_written;
mod kameo;
mod lifespan;
mod scopeguard;
mod tokio_graceful_shutdown;

/// Two nested resources in use.
pub type Used = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

pub struct Peer {
    pub name: &'static str,
    /// Whether its documentation says that an async end is run on this path.
    pub claims: fn(Row) -> bool,
    /// Whether an end can tell that it failed.
    pub reports: bool,
    pub nested: fn(Work) -> Used,
    /// `outer`, in whose body a `select!` drops the use of `inner`.
    pub loser: fn() -> Used,
    /// Both, around a body that waits and is cancelled, if it has a way of its own to cancel.
    pub cancelled: Option<fn() -> Used>,
    /// Both, around a body that waits and is timed out, if it has a way of its own to time out.
    pub timed_out: Option<fn() -> Used>,
    /// Waits for what still exits, if it has a way to wait.
    pub drain: fn() -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

pub const ALL: &[Peer] = &[
    hand_written::PEER,
    scopeguard::PEER,
    async_dropper::PEER,
    async_safe_defer::PEER,
    tokio_graceful_shutdown::PEER,
    kameo::PEER,
    lifespan::PEER,
];

/// What `--check` runs.
pub const OURS: &[Peer] = &[hand_written::PEER, lifespan::PEER];

impl Peer {
    /// Its name and version.
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version()).trim_end().to_owned()
    }

    /// As the lock file has it.
    pub fn version(&self) -> &'static str {
        let lock = include_str!("../../../../Cargo.lock");
        let name = format!("name = \"{}\"\nversion = \"", self.name);
        let rest = lock.split_once(&name).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split('"').next()).unwrap_or("")
    }
}

/// No way to wait.
fn no_drain() -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(ready(()))
}

/// Takes note of all that a program can be told: logs go to standard error, as standard error itself does.
pub fn listen() {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .init();
}
