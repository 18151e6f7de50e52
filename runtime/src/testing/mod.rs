//! For your own tests: a journal, resources that follow a script, and [`sweep`], which cancels or drops a test at each of
//! its poll points.
//!
//! With the feature `testing`, as a dev-dependency:
//!
//! ```toml
//! [dev-dependencies]
//! lifespan = { version = "0.1", features = ["testing"] }
//! ```
//!
//! A [`Journal`] records what is entered and exited where it is made. [`Journal::resource`] makes a resource that does as its
//! script says.
//!
//! ```
//! use lifespan::testing::{Journal, Step};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let journal = Journal::new();
//! let db = journal.resource("db").exit(Step::Fail("disk full")).lifespan();
//! let error = db.scope_ok(async |db| db.log("work")).await.unwrap_err();
//! assert_eq!(error.to_string(), "resource `db` failed to exit: disk full");
//! journal.assert(["enter db", "work", "exit db: completed"]);
//! # }
//! ```
//!
//! What a program does when it is cancelled or dropped **anywhere** is hard to test by hand. [`sweep`] does:
//!
//! ```
//! use lifespan::testing::{At, Step, sweep};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! for at in [At::Cancel, At::Drop] {
//!     let swept = sweep(at, async |journal| {
//!         let db = journal.resource("db").exit(Step::Yield).lifespan();
//!         let tx = journal.resource("tx").exit(Step::Yield).lifespan();
//!         let work = async |_: &mut _| tokio::task::yield_now().await;
//!         let _ = db.scope(async |_| tx.scope_ok(work).await).await;
//!     });
//!     // Before anything, in the body, in the exit of `tx`, in that of `db`:
//!     assert_eq!(swept.await.points(), 4);
//! }
//! # }
//! ```
//!
//! Under a paused clock (`start_paused`) sleeps cost nothing, but an exit that waits for real I/O may overrun its budget at
//! once.

mod home;
mod journal;
mod journals;
mod lives;
mod script;
mod seen;
mod sweep;

pub use journal::Journal;
pub use script::{Script, Scripted, Step};
pub use sweep::{At, Swept, sweep};
