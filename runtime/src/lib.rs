//! Async resources with a scope: entered and exited by the same task, exited on every path out, in the right order, within a
//! budget, with every error kept.
//!
//! An async resource (a database pool, an SSE client, a server, a transaction) has a beginning and an end that both await,
//! and Rust has no async `Drop`. Annotate the type, and callers get a [`Lifespan`] instead of a value, which they can only
//! use inside of its scope:
//!
//! ```
//! use lifespan::{Exit, scoped_resource};
//! use std::io;
//!
//! struct Transaction { rows: Vec<u32> }
//!
//! #[scoped_resource]
//! impl Transaction {
//!     /// Begins a transaction.
//!     #[enter]
//!     async fn begin() -> io::Result<Self> {
//!         Ok(Transaction { rows: Vec::new() })
//!     }
//!
//!     #[exit]
//!     async fn end(self, exit: &Exit) -> io::Result<()> {
//!         if exit.is_clean() { println!("commit {:?}", self.rows) } else { println!("roll back") }
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> anyhow::Result<()> {
//! let rows = Transaction::begin()
//!     .scope(async |tx| -> anyhow::Result<usize> {
//!         tx.rows.push("42".parse()?);
//!         Ok(tx.rows.len())
//!     })
//!     .await?;
//! assert_eq!(rows, 1);
//! # Ok(())
//! # }
//! ```
//!
//! The [guide] explains it chapter by chapter; the laws that everything here keeps are [numbered](guide::guarantees).
//!
//! # How to use a resource
//!
//! - [`Lifespan::scope`]: with a closure that returns a `Result`; [`scope_ok`](Lifespan::scope_ok) if it cannot fail.
//! - [`Lifespan::enter`]: in a guard, [`Live`], where a closure does not fit. [`Live::hand_over`] gives it to another task.
//! - [`scope!`]: without a closure, for resources that borrow in spawned code.
//! - [`Lifespan::spawn`]: in a task of its own, with an [`Owner`] to use and close it from anywhere; [`OwnerMap`] for several that
//!   come and go, [`Shared`] for one that is there while somebody uses it.
//! - [`join`], [`join_all`] and [`Lifespan::then`]: several resources as one, side by side or one from the other.
//! - [`ExitStack`]: resources and exit callbacks that come one by one, as many as there are; all exit with the stack, the youngest
//!   first.
//! - `Lifespan::run` (feature `signal`, on by default): until SIGINT, SIGTERM or the death of a service; what `main` of a service returns.
//! - [`TaskGroup`]: tasks that have ended when its scope has; if one fails, it takes the others and the body with it.
//! - [`Service`]: a background task as a resource: entered when it is ready, asked to stop at the end; if it dies, so does what
//!   uses it (law 21).
//!
//! # How to make one
//!
//! - [`#[scoped_resource]`](macro@scoped_resource) on a type of your own.
//! - [`Lifespan::new`] for a type from another crate, with its end as a closure.
//! - [`Lifespan::held`]: beginning and end in one function, which share its variables.
//! - [`ScopedResource`] by hand, with [`Lifespan::of`].
//! - [`LocalResource`], `#[scoped_resource(local)]` and the functions that end in `_local` for what borrows, is not `Send`,
//!   or must stay in its task.
//!
//! # How to compose an application
//!
//! [`#[lifespan]`](macro@lifespan) on a struct: each field says from which others it is made, and is entered as soon as they
//! are, in one task. They exit in reverse; what fails to start rolls back what has started (laws 7, 18 and 19).
//!
//! ```
//! use lifespan::{lifespan, scoped_resource};
//! use std::io;
//!
//! struct Config { url: String }
//! struct Db { url: String }
//! struct Cache { of: String }
//!
//! #[scoped_resource]
//! impl Db {
//!     #[enter] async fn open(url: &str) -> io::Result<Self> { Ok(Db { url: url.to_owned() }) }
//!     #[exit] async fn close(self) { println!("{} closed", self.url) }
//! }
//!
//! #[scoped_resource]
//! impl Cache {
//!     #[enter] async fn warm(db: &Db) -> io::Result<Self> { Ok(Cache { of: db.url.clone() }) }
//!     #[exit] async fn flush(self) { println!("cache of {} flushed", self.of) }
//! }
//!
//! #[lifespan(config: Config)]
//! struct App {
//!     #[enter(|config| Db::open(&config.url))]
//!     db: Db,
//!     #[enter(|db| Cache::warm(db), timeout = "5s")] // as soon as `db` is there
//!     #[exit(timeout = "2s")]
//!     cache: Cache,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
//! let config = Config { url: "db://".to_owned() };
//! let url = App::lifespan(config).scope_ok(async |app| (app.db.url.clone(), app.cache.of.clone())).await?;
//! assert_eq!(url.0, url.1);
//!
//! let plan = App::plan(); // nothing has to run for that
//! assert!(plan.unbounded_exit().is_empty());
//! println!("{plan}");
//! # Ok(())
//! # }
//! ```
//!
//! # How to cancel
//!
//! Cancelling a [`CancelScope`] unwinds what lives inside of it: the innermost bodies are dropped first, their exits are
//! awaited, then the bodies around those, outward (laws 13–17). No exit is skipped because something around it was
//! cancelled.
//!
//! - [`timeout`], [`timeout_at`], [`until`]: in place of tokio's `timeout` and of `select!` on a signal.
//! - [`race`], [`race_all`]: in place of `select!`; the losers have exited when it returns.
//! - [`shield`], [`shield_for`]: what nothing from around may cancel.
//! - [`CancelScope`] and its [`Canceller`]: cancel from anywhere, with a reason; a deadline that moves.
//!
//! # What happens when it is dropped
//!
//! A future can be dropped at any `await`. A scope that is dropped inside of another scope's body, as a `select!` loser is,
//! has its exit awaited by that scope; dropped from outside, as an aborted task is, its exits run in a task of their own,
//! inner ones first, and [`drain`] waits for that. Each is law 3; the laws and their honest limits are in the project's
//! `GUARANTEES.md`, and the docs here cite them by number.
//!
//! # Testing
//!
//! Budgets follow tokio's clock. Under its paused clock an idle runtime jumps to the next timer, so a budget may fire at
//! once while an exit waits for real I/O: use `exit_timeout(None)` there. Failures that no return value can carry are
//! [events](event). With the feature `testing`, the module `testing` has what tests are made of, and a sweep
//! that cancels or drops a test at each of its poll points. What a lifespan takes at worst, its [`Plan`] knows before it runs.
//!
//! # Features
//!
//! - `signal`, on by default: `Lifespan::run`, and tokio's signals with it.
//! - `tracing`: warnings go there instead of to standard error, if a subscriber is there; as events of the target
//!   `lifespan`, with names such as `lifespan.exit.failed`, and the error in the field `error`.
//! - `tokio-util`: cancel scopes from `CancellationToken`s, and tokens from cancel scopes.
//! - `testing`: the module `testing`.
//! - `checks`: keeps the same-task check ([`checks_enabled`]) in builds without debug assertions.
#![forbid(unsafe_code)]

#[doc(hidden)]
pub mod __private;

mod app;
mod base;
mod cancel;
mod cancel_scope;
mod compose;
mod error;
pub mod event;
#[cfg(any(doc, doctest))]
pub mod guide;
mod keyed;
mod lifespan;
mod live;
mod orphan;
mod plan;
mod resource;
#[cfg(feature = "signal")]
mod run;
mod scope;
mod stack;
mod task;
#[cfg(feature = "testing")]
pub mod testing;

pub use crate::base::cause::Cause;
pub use crate::base::cause::Phase;
pub use crate::base::identity::checks_enabled;
pub use crate::base::policy::{DEFAULT_EXIT_TIMEOUT, Policy};
pub use crate::cancel::cancellation::{Cancellation, Cancelled, CancelledBy};
pub use crate::cancel_scope::shield::{shield, shield_for};
pub use crate::cancel_scope::timeout::{effective_deadline, timeout, timeout_at};
pub use crate::cancel_scope::until::until;
pub use crate::cancel_scope::{CancelScope, Canceller, Outcome, Race, race, race_all};
pub use crate::compose::{
    Join, Joined, JoinedLocal, join, join_all, join_all_at_most, join_all_local, join_all_local_at_most, join_local,
};
pub use crate::error::rejected::Rejected;
pub use crate::error::task_error::{TaskError, TaskFailure};
pub use crate::error::{BoxError, Error, ErrorKind};
pub use crate::keyed::map::{InsertError, OwnerMap};
pub use crate::keyed::shared::{Lease, Shared};
pub use crate::lifespan::foreign::{Exited, Resource, ResourceLocal};
pub use crate::lifespan::{BoxFuture, Lifespan, LocalBoxFuture};
pub use crate::live::Live;
pub use crate::live::handover::Handover;
pub use crate::orphan::rescue::{Drained, drain};
pub use crate::plan::{Plan, PlanMember};
pub use crate::resource::body::Failure;
pub use crate::resource::enter::{Enter, Entered};
pub use crate::resource::exit::Exit;
pub use crate::resource::{LocalResource, ScopedResource};
pub use crate::stack::{Calls, ExitStack, ExitStackLocal, Registrar, RegistrarLocal, Stacked};
pub use crate::task::group::{Child, ChildEnd, Spawner, TaskGroup};
pub use crate::task::owner::{Owner, OwnerLocal, OwnerState, Owning, OwningLocal};
pub use crate::task::ready::Ready;
pub use crate::task::service::{Service, ServiceEnd, Starting, Stop};

pub use lifespan_macros::{lifespan, scoped_resource};

/// The types around [`Lifespan::held`], beginning and end of a resource in one function.
pub mod held {
    pub use crate::lifespan::held::{Done, HeldExit, Lend, Lent};
}

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
