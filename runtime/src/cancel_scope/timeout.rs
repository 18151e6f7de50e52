//! [`timeout`] and [`timeout_at`]: cancel scopes that are nothing but a deadline; [`effective_deadline`].

use std::future::{Future, Pending};
use std::panic::Location;
use std::time::Duration;

use tokio::time::Instant;

use super::running::Running;
use super::{CancelScope, Outcome};
use crate::cancel::cancellation::Cancelled;
use crate::cancel::current;

/// Runs `body` for at most `after`, then unwinds it: in place of tokio's `timeout`, which drops it, whatever lives inside.
///
/// ```
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let never = std::future::pending::<()>();
/// let late = lifespan::timeout(Duration::from_millis(1), never).await;
/// assert!(late.unwrap_err().is_timeout());
/// # }
/// ```
///
/// Around a scope whose body can fail, say what with: `timeout(d, db.scope(async |db| -> anyhow::Result<_> { .. })).await??`. The
/// first `?` is for this deadline, the second for the scope.
///
/// It returns when all exits inside have run, which may be later: each has its own budget. A body that ends before it next
/// waits has completed, also if that is after the deadline. A duration of zero polls the body
/// once and enters nothing in it; one that no clock can hold means about thirty years.
///
/// # Errors
///
/// If the body was cancelled: by this deadline, or by something around it. [`Cancelled::by`] says which.
///
/// # Panics
///
/// With the body's panic. If no tokio timer works here.
///
/// # Cancel safety
///
/// Dropped, it drops the body at once, and the exits inside are abandoned ([law 3](crate::guide::guarantees#law-3)). To
/// end it well, cancel it.
#[track_caller]
pub fn timeout<T, F: Future<Output = T>>(after: Duration, body: F) -> Running<F, T, Pending<()>, Result<T, Cancelled>> {
    CancelScope::called("timeout", Location::caller())
        .timeout(after)
        .run_alone(body, Outcome::into_result)
}

/// As [`timeout`], until a moment rather than for a duration.
///
/// # Errors
///
/// If the body was cancelled: by this deadline, or by something around it. [`Cancelled::by`](crate::Cancelled::by)
/// tells.
///
/// # Panics
///
/// With the body's panic. If no tokio timer works here.
///
/// # Cancel safety
///
/// Dropped, it drops the body at once, and the exits inside are abandoned ([law 3](crate::guide::guarantees#law-3)). To
/// end it well, cancel it.
#[track_caller]
pub fn timeout_at<T, F: Future<Output = T>>(at: Instant, body: F) -> Running<F, T, Pending<()>, Result<T, Cancelled>> {
    CancelScope::called("timeout", Location::caller())
        .deadline(at)
        .run_alone(body, Outcome::into_result)
}

/// The earliest deadline of the cancel scopes around the calling code, up to the first shield ([law 15]).
///
/// An exit has a budget instead: [`Exit::remaining`](crate::Exit::remaining).
///
/// ```
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let fetch = async |_: Option<tokio::time::Instant>| {};
/// lifespan::timeout(Duration::from_secs(5), async {
///     let deadline = lifespan::cancellation::effective_deadline();
///     fetch(deadline).await; // tell the other side how long we shall wait
/// })
/// .await
/// .unwrap();
/// assert_eq!(lifespan::cancellation::effective_deadline(), None);
/// # }
/// ```
///
/// [law 15]: crate::guide::guarantees#law-15
#[must_use]
pub fn effective_deadline() -> Option<Instant> {
    current::effective_deadline()
}
