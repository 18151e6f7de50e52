//! What happens to resources, as [events](Event) that any number of functions [observe].
//!
//! Failures that no return value can carry ([laws 3][law 3], [4][law 4], [6][law 6], [23][law 23]) are events of the level
//! [`Warn`](Level::Warn) and above. Those are also [printed](print_warnings), unless a program says that it does that itself.
//!
//! ```
//! use lifespan::event::{self, EventKind, Level};
//!
//! event::print_warnings(false);
//! event::observe(Level::Warn, |event| match event.kind() {
//!     EventKind::Rescued { .. } => {}
//!     _ => eprintln!("{event}"),
//! });
//! ```
//!
//! [law 3]: crate::guide::guarantees#law-3
//! [law 4]: crate::guide::guarantees#law-4
//! [law 6]: crate::guide::guarantees#law-6
//! [law 23]: crate::guide::guarantees#law-23

mod emit;
pub(crate) mod failures;
mod kind;
mod lives;
mod observers;
mod printed;
pub(crate) mod progress;
mod regions;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(feature = "signal")]
mod subscriber;
#[cfg(any(feature = "record", feature = "signal"))]
pub(crate) mod table;
#[cfg(feature = "tracing")]
mod traced;
pub(crate) mod undelivered;

pub use crate::base::life::Id;
pub use kind::{Event, EventKind, Level};
pub use observers::{Observation, observe};
pub use printed::print_warnings;
#[cfg(feature = "tracing")]
pub use spans::trace_spans;

pub(crate) use emit::{emit, missing, retrying, unreturned};
pub(crate) use lives::{abandoned, adopted, enter_failed, entered, entering, exited, exiting, progressed, went_on};
pub(crate) use observers::is_observed;
#[cfg(feature = "signal")]
pub(crate) use observers::observe_at;
#[cfg(feature = "testing")]
pub(crate) use observers::observe_where;
pub(crate) use regions::{cancelled, closed, inside_of_what_is_here, opened, stop_requested};
#[cfg(feature = "tracing")]
pub(crate) use spans::in_span;
#[cfg(feature = "signal")]
pub(crate) use subscriber::ReportSubscriber;
#[cfg(all(feature = "signal", feature = "tracing"))]
pub(crate) use traced::{is_traced, line as trace_line};
