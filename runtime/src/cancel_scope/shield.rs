//! [`shield`]: a region that no cancellation and no deadline from around it reaches.

use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use super::{CancelScope, Outcome};
use crate::cancel::cancellation::Cancelled;

/// Runs `body` to its end, whatever is cancelled around it.
///
/// A cancellation that came meanwhile takes effect when it has ended. The time this takes has no bound; see [`shield_for`].
///
/// Exits are shielded already (law 6).
///
/// ```
/// use lifespan::CancelScope;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let scope = CancelScope::new();
/// let canceller = scope.canceller();
/// let outcome = scope
///     .run(async {
///         canceller.cancel();
///         lifespan::shield(tokio::task::yield_now()).await; // runs to its end
///         std::future::pending::<()>().await // is dropped
///     })
///     .await;
/// assert!(outcome.is_cancelled());
/// # }
/// ```
///
/// # Panics
///
/// With the body's panic.
///
/// # Cancel safety
///
/// As [`CancelScope::run`]: being dropped is no cancellation, and cannot be shielded from.
#[must_use = "nothing runs until this is awaited"]
#[track_caller]
pub fn shield<F: Future>(body: F) -> impl Future<Output = F::Output> {
    CancelScope::called("shield", Location::caller())
        .shielded()
        .run_alone(body, |outcome| match outcome.into_value() {
            Some(value) => value,
            None => unreachable!("nobody has a handle of this scope, and no deadline is set"),
        })
}

/// As [`shield`], for at most `budget`: then the body unwinds.
///
/// # Errors
///
/// If the budget ran out.
///
/// # Panics
///
/// With the body's panic. If no tokio timer works here.
///
/// # Cancel safety
///
/// As [`shield`].
#[must_use = "nothing runs until this is awaited"]
#[track_caller]
pub fn shield_for<F: Future>(
    budget: Duration,
    body: F,
) -> impl Future<Output = Result<F::Output, Cancelled>> {
    CancelScope::called("shield", Location::caller())
        .shielded()
        .timeout(budget)
        .run_alone(body, Outcome::into_result)
}
