//! [`until`]: a cancel scope that is cancelled when something has happened.

use std::future::Future;
use std::panic::Location;

use super::region::Bell;
use super::running::Running;
use super::{CancelScope, Outcome};
use crate::cancel::cancellation::{CancelKind, Cancelled};

/// Runs `body` until it completes, or unwinds it when `stop` completes: at Ctrl-C, say.
///
/// ```
/// # #[tokio::main] async fn main() {
/// # let work = async { 42 };
/// match lifespan::until(lifespan::run::stop_signal(), work).await {
///     Ok(answer) => println!("{answer}"),
///     Err(_) => println!("interrupted; everything is closed"),
/// }
/// # }
/// ```
///
/// The value of `stop` is dropped, also if it is an error. (`stop_signal` is of the feature `signal`. With
/// `tokio::signal::ctrl_c()` in its place, SIGTERM is missed, and each Ctrl-C after the first is swallowed.)
///
/// `stop` is polled first, then after each time the body waits; before it, after a body that is never idle has spent the task's
/// cooperative budget with tokio. Neither of them can keep the other from running. A scope inside of `stop` is no part of the
/// region.
///
/// # Errors
///
/// If the body was cancelled: because `stop` completed, or by something around it.
///
/// # Panics
///
/// With the panic of `body` or of `stop`.
///
/// # Cancel safety
///
/// Dropped, it drops the body at once, and the exits inside are abandoned ([law 3](crate::guide::guarantees#law-3)). To
/// end it well, cancel it.
#[track_caller]
pub fn until<T, S: Future, F: Future<Output = T>>(stop: S, body: F) -> Running<F, T, S, Result<T, Cancelled>> {
    CancelScope::called("until", Location::caller()).run_until(
        Bell::new(Some(stop), CancelKind::Stop),
        body,
        Outcome::into_result,
    )
}
