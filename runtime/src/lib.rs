//! Async cleanup that always runs: on return, error, panic, timeout and cancellation, in order, in the task that opened the
//! resource. For tokio.
//!
//! A database pool, an SSE client, a server, a transaction: each is opened and closed with `.await`. Rust has no async `Drop`, and
//! a future can be dropped at any `.await`. Annotate the type, and callers get a recipe in place of a value, a [`Lifespan`]: nothing
//! runs until they scope or enter it, and whatever they enter is exited.
//!
//! ```
//! use lifespan::{BoxError, Exit, scoped_resource};
//! use std::io;
//!
//! struct Transaction { rows: Vec<u32> }
//!
//! #[scoped_resource]
//! impl Transaction {
//!     #[enter]
//!     async fn begin() -> io::Result<Self> {
//!         Ok(Transaction { rows: Vec::new() })
//!     }
//!
//!     #[exit]
//!     async fn end(self, exit: &Exit) -> io::Result<()> {
//!         if exit.is_clean() {
//!             println!("commit {:?}", self.rows);
//!         } else {
//!             println!("roll back");
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! let rows = Transaction::begin()
//!     .scope(async |tx| -> Result<usize, BoxError> {
//!         // `?`, a panic, a return, a timeout: each leaves through `end`
//!         tx.rows.push("42".parse()?);
//!         Ok(tx.rows.len())
//!     })
//!     .await?;
//! assert_eq!(rows, 1);
//! # Ok(())
//! # }
//! ```
//!
//! The [guide] explains everything chapter by chapter. The [guarantees](guide::guarantees) are numbered, and the documentation
//! cites them as *law n*.
//!
//! # Make a resource
//!
//! | you have | you write |
//! |---|---|
//! | a type of your own | [`#[scoped_resource]`](macro@scoped_resource) on its `impl` |
//! | a type from another crate | [`Lifespan::new`], with its exit as a closure |
//! | a beginning and an end that share local variables | [`Lifespan::held`], both in one function |
//! | a background task | [`Service::start`]: entered when it is ready, asked to stop at its end |
//! | an HTTP server | `lifespan_serve::Server`, of the crate `lifespan-serve`: it drains, then cuts |
//! | something that blocks its thread | [`Lifespan::new_blocking`] |
//! | something that borrows or is not `Send` | the same with `local`: see [types from other crates](guide::other_types) |
//!
//! # Use it
//!
//! | you want | you write |
//! |---|---|
//! | a body that uses it | [`Lifespan::scope`], or [`scope_ok`](Lifespan::scope_ok) for a body that cannot fail |
//! | a guard, where a closure does not fit | [`Lifespan::enter`], which returns a [`Live`] |
//! | the same resource in many tasks | [`Lifespan::spawn`], which returns an [`Owner`]; [`OwnerMap`] under keys; [`Shared`] while it has users |
//! | several resources as one | [`join`], [`join_all`], [`Lifespan::then`] |
//! | an application | [`#[lifespan]`](macro@lifespan) on a struct, and `Lifespan::run` in `main` |
//! | as many as come up at run time | [`ExitStack`] |
//! | tasks that end with their scope | [`TaskGroup`] |
//! | to stop it | [`timeout`], [`until`], [`race`], [`CancelScope`]: they unwind, and skip no exit |
//! | to wait, at the end of `main`, for what was dropped from outside | [`drain`] |
//!
//! # An application
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
//!     #[enter]
//!     async fn open(url: &str) -> io::Result<Self> {
//!         Ok(Db { url: url.to_owned() })
//!     }
//!
//!     #[exit]
//!     async fn close(self) { println!("{} closed", self.url) }
//! }
//!
//! #[scoped_resource]
//! impl Cache {
//!     #[enter]
//!     async fn warm(db: &Db) -> io::Result<Self> {
//!         Ok(Cache { of: db.url.clone() })
//!     }
//!
//!     #[exit]
//!     async fn flush(self) { println!("cache of {} flushed", self.of) }
//! }
//!
//! #[lifespan(config: Config)]
//! struct App {
//!     #[enter(|config| Db::open(&config.url))]
//!     db: Db,
//!     #[enter(|db| Cache::warm(db), timeout = "5s")] // starts once `db` is up
//!     #[exit(timeout = "2s")]
//!     cache: Cache,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
//! let config = Config { url: "db://".to_owned() };
//! let url = App::lifespan(config)
//!     .scope_ok(async |app| app.cache.of.clone())
//!     .await?;
//! assert_eq!(url, "db://");
//!
//! let plan = App::plan(); // nothing has to run for that
//! assert!(plan.unbounded_exit().is_empty());
//! println!("{plan}");
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! Leave out what you do not use. With `default-features = false` the crate has only what a scope needs, less than half of the whole.
//! These features are on by default:
//!
//! | feature | has |
//! |---|---|
//! | (always) | [`Lifespan`] with scopes, guards and [`held`](Lifespan::held), [`#[scoped_resource]`](macro@scoped_resource), [`Handover`], [`timeout`], [`until`], [`race`], [`shield`], [`CancelScope`], [`drain`], [`event`], [`progress`] |
//! | `compose` | [`join`], [`join_all`], [`Lifespan::then`], [`Joined`], [`#[lifespan]`](macro@lifespan), [`Plan`] |
//! | `tasks` | [`Lifespan::spawn`] and [`Owner`], [`Service`], [`TaskGroup`], [`TaskError`](task::TaskError) |
//! | `keyed` (needs `tasks`) | [`ExitStack`], [`OwnerMap`], [`Shared`] |
//! | `signal` | `Lifespan::run`, what it says of itself (`run::Commentary`), and tokio's signals with it |
//!
//! Each includes the forms for what is not `Send` ([`local`]). These features are off by default:
//!
//! - `tracing`: warnings go there instead of to standard error, if a subscriber is there; as events of the target
//!   `lifespan`, with names such as `lifespan.exit.failed`, and the error in the field `error`.
//!   `event::trace_spans` adds a span for each enter and each exit.
//! - `record`: the module [`record`], which keeps and draws what happens; `serde`: the same as data.
//! - `tokio-util`: cancel scopes from `CancellationToken`s, and tokens from cancel scopes.
//! - `testing`: the module `testing`.
//! - `checks`: keeps the same-task check ([`checks_enabled`]) in builds without debug assertions.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(all(feature = "compose", feature = "keyed")),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "the lower floors have what the upper ones are built with, which is not used where those are left out"
    )
)]

// First: the pages of rustdoc have methods in this order.
mod lifespan;

#[doc(hidden)]
pub mod __private;

#[cfg(feature = "compose")]
mod app;
mod base;
mod cancel;
mod cancel_scope;
#[cfg(feature = "compose")]
mod compose;
mod error;
pub mod event;
#[cfg(any(doc, doctest))]
pub mod guide;
#[cfg(feature = "keyed")]
pub mod keyed;
mod live;
mod orphan;
#[cfg(feature = "compose")]
mod plan;
#[cfg(feature = "record")]
pub mod record;
mod resource;
#[cfg(feature = "signal")]
pub mod run;
mod scope;
#[cfg(feature = "keyed")]
pub mod stack;
#[cfg(feature = "tasks")]
pub mod task;
#[cfg(feature = "testing")]
pub mod testing;

pub use crate::base::cause::Cause;
pub use crate::base::cause::Phase;
pub use crate::base::identity::checks_enabled;
pub use crate::base::policy::{DEFAULT_EXIT_TIMEOUT, Policy};
pub use crate::cancel::cancellation::Cancelled;
pub use crate::cancel_scope::shield::{shield, shield_for};
pub use crate::cancel_scope::timeout::{timeout, timeout_at};
pub use crate::cancel_scope::until::until;
pub use crate::cancel_scope::{CancelScope, race, race_all, race_ok};
#[cfg(feature = "compose")]
pub use crate::compose::{Joined, join, join_all, join_all_at_most};
pub use crate::error::{BoxError, Error, ErrorKind};
pub use crate::event::progress::progress;
#[cfg(feature = "keyed")]
pub use crate::keyed::{map::OwnerMap, shared::Shared};
pub use crate::lifespan::foreign::Resource;
pub use crate::lifespan::{BoxFuture, Lifespan};
pub use crate::live::Live;
pub use crate::live::handover::Handover;
pub use crate::orphan::drain::{Drained, drain};
#[cfg(feature = "compose")]
pub use crate::plan::{Plan, PlanMember};
pub use crate::resource::body::Failure;
pub use crate::resource::enter::Enter;
pub use crate::resource::exit::Exit;
pub use crate::resource::{LocalResource, ScopedResource};
#[cfg(feature = "keyed")]
pub use crate::stack::exit_stack::ExitStack;
#[cfg(feature = "tasks")]
pub use crate::task::{
    group::TaskGroup,
    owner::Owner,
    service::{Service, Stop},
};

#[cfg(feature = "compose")]
pub use lifespan_macros::lifespan;
#[cfg(not(feature = "compose"))]
#[doc(hidden)]
pub use lifespan_macros::lifespan_without_compose as lifespan;
pub use lifespan_macros::scoped_resource;

/// What stands in signatures and is not written by you: traits of parameters that take several kinds of values, futures that are
/// returned, and the [kinds](bounds::Kind) of what may and may not leave its task. rustc shows these names in its messages.
pub mod bounds {
    pub use crate::cancel_scope::{Branches, Race, Racing, Running};
    #[cfg(feature = "compose")]
    pub use crate::compose::entering::{Enters, RollBack};
    #[cfg(feature = "compose")]
    pub use crate::compose::joined::{Members, SendableMembers};
    #[cfg(feature = "compose")]
    pub use crate::compose::{Join, Joining};
    pub use crate::lifespan::ending::Exited;
    pub use crate::lifespan::foreign::WithExit;
    pub use crate::lifespan::kind::{Kind, Local, Sendable, Takes};
    pub use crate::lifespan::send_fn::{SendFn, SendFn2};
    pub use crate::resource::body::Infallible;
    pub use crate::resource::enter::Entered;
    #[cfg(feature = "keyed")]
    pub use crate::stack::callback::{AtOnce, Calls};
    #[cfg(feature = "tasks")]
    pub use crate::task::{
        group::{ChildEnd, SpawnWithin},
        service::ServiceEnd,
    };
}

/// The same types and functions for resources that borrow, are not `Send`, or are declared to be local.
///
/// In each type, `'a` is how long what is borrowed lives.
pub mod local {
    use crate::lifespan::kind::Local;

    #[cfg(feature = "compose")]
    pub use crate::compose::local::{join, join_all, join_all_at_most};
    pub use crate::lifespan::LocalBoxFuture as BoxFuture;

    /// As [`lifespan::ExitStack`](crate::ExitStack); made by [`ExitStack::new_local`](crate::ExitStack::new_local).
    #[cfg(feature = "keyed")]
    pub type ExitStack<'a> = crate::ExitStack<Local<'a>>;

    /// As [`lifespan::Joined`](crate::Joined); made by [`join`] and the like.
    #[cfg(feature = "compose")]
    pub type Joined<'a, T> = crate::Joined<T, Local<'a>>;

    /// As [`lifespan::Owner`](crate::Owner), for a resource that is not `Send`, or must stay in its thread: its task runs in the
    /// `LocalSet` or `LocalRuntime` where it was entered. Its handles may go anywhere; but while that `LocalSet` is not polled,
    /// nothing happens there, and they wait.
    ///
    /// Made by [`Lifespan::spawn_local`](crate::Lifespan::spawn_local) and [`Lifespan::owned_local`](crate::Lifespan::owned_local).
    ///
    /// ```
    /// use lifespan::Lifespan;
    /// use std::rc::Rc;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// # tokio::task::LocalSet::new().run_until(async {
    /// let names = async { Ok::<_, std::io::Error>(Rc::new(String::from("cobweb"))) };
    /// let names = Lifespan::new_local(names, async |_, _| ()).spawn_local().await?;
    /// // From any thread:
    /// let length = names.with_ok(async |name| name.len()).await?;
    /// assert_eq!(length, 6);
    /// names.close().await
    /// # }).await
    /// # }
    /// ```
    #[cfg(feature = "tasks")]
    pub type Owner<R> = crate::Owner<R, Local<'static>>;

    /// As [`lifespan::Resource`](crate::Resource); made by [`Lifespan::new_local`](crate::Lifespan::new_local).
    pub type Resource<'a, T> = crate::Resource<T, Local<'a>>;

    /// As [`lifespan::stack::StackGuard`](crate::stack::StackGuard), of a local [`ExitStack`].
    #[cfg(feature = "keyed")]
    pub type StackGuard<'s, 'a, R> = crate::stack::StackGuard<'s, R, Local<'a>>;

    /// As [`lifespan::stack::StackHandle`](crate::stack::StackHandle), of a local [`ExitStack`].
    #[cfg(feature = "keyed")]
    pub type StackHandle<'a> = crate::stack::StackHandle<Local<'a>>;
}

/// The types around a [`CancelScope`]: its canceller, its outcome, why it was cancelled, and its deadline.
pub mod cancellation {
    pub use crate::cancel::cancellation::{Cancellation, CancelledBy};
    pub use crate::cancel_scope::timeout::effective_deadline;
    pub use crate::cancel_scope::{Canceller, Outcome};
}

/// The types around [`Lifespan::held`], beginning and end of a resource in one function.
pub mod held {
    pub use crate::lifespan::held::{Done, HeldEnter, HeldExit, Lend, Lent};
}

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
