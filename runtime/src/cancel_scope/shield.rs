//! [`shield`]: a region that no cancellation and no deadline from around it reaches.

use std::future::{Future, Pending};
use std::panic::Location;
use std::time::Duration;

use super::running::Running;
use super::{CancelScope, Outcome};
use crate::cancel::cancellation::Cancelled;

/// Runs `body` to its end, whatever is cancelled around it.
///
/// A cancellation that came meanwhile takes effect where the code after it next waits. The time this takes has no bound; see
/// [`shield_for`].
///
/// It protects what has begun: code that a cancellation keeps from being reached is not run, shield or no shield. What must
/// happen in any case, a last flush, say, belongs in the exit of a resource.
///
/// Exits are shielded already ([law 6]).
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
///
/// [law 6]: crate::guide::guarantees#law-6
#[track_caller]
pub fn shield<T, F: Future<Output = T>>(body: F) -> Running<F, T, Pending<()>, T> {
    shielded(CancelScope::called("shield", Location::caller()), body)
}

/// As [`shield`], for a part of something else, of which no event tells.
#[track_caller]
pub(crate) fn untold_shield<T, F: Future<Output = T>>(body: F) -> Running<F, T, Pending<()>, T> {
    shielded(CancelScope::untold("shield", Location::caller()), body)
}

fn shielded<T, F: Future<Output = T>>(scope: CancelScope, body: F) -> Running<F, T, Pending<()>, T> {
    scope.shielded().run_alone(body, |outcome| match outcome.into_value() {
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
/// Being dropped is no cancellation, and cannot be shielded from: the body is dropped at once.
#[track_caller]
pub fn shield_for<T, F: Future<Output = T>>(
    budget: Duration,
    body: F,
) -> Running<F, T, Pending<()>, Result<T, Cancelled>> {
    CancelScope::called("shield", Location::caller())
        .shielded()
        .timeout(budget)
        .run_alone(body, Outcome::into_result)
}
