//! [`race_ok`]: a race that the first success wins.

use std::future::{Future, pending};
use std::mem;
use std::sync::Arc;

use super::race::race_all;
use crate::base::lock::Lock;

/// As [`race_all`], but a branch that fails leaves the race to the others: the first `Ok` wins. If none does, all errors come back, in
/// the order in which they happened. When one has won, what the others have failed with by then is dropped, with all that is attached to
/// it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// async fn connect(address: &str) -> Result<String, String> {
///     if address.starts_with("[::1]") {
///         Ok(format!("connected to {address}"))
///     } else {
///         Err(format!("{address} refused"))
///     }
/// }
/// let addresses = ["127.0.0.1:80", "[::1]:80"];
/// let connected = lifespan::race_ok(addresses.map(connect)).await;
/// assert_eq!(connected.unwrap(), "connected to [::1]:80");
/// # }
/// ```
///
/// # Errors
///
/// If all branches have failed.
///
/// # Panics
///
/// As [`race_all`].
///
/// # Cancel safety
///
/// That of [`race_all`].
#[must_use = "nothing runs until this is awaited"]
#[track_caller]
pub fn race_ok<T, E, F: Future<Output = Result<T, E>>>(
    branches: impl IntoIterator<Item = F>,
) -> impl Future<Output = Result<T, Vec<E>>> {
    let branches: Vec<_> = branches.into_iter().collect();
    assert!(
        !branches.is_empty(),
        "`race_ok` of no branch: nothing could win\nhelp: give it at least one"
    );
    let failed = Arc::new(Lock::new(Vec::with_capacity(branches.len())));
    let all = branches.len();
    race_all(branches.into_iter().map(move |branch| {
        let failed = Arc::clone(&failed);
        async move {
            match branch.await {
                Ok(value) => Ok(value),
                Err(error) => Err(last(&failed, error, all).await),
            }
        }
    }))
}

/// All errors, for the last that fails; the others wait until the race is over.
async fn last<E>(failed: &Lock<Vec<E>>, error: E, all: usize) -> Vec<E> {
    let errors = {
        let mut failed = failed.lock();
        failed.push(error);
        (failed.len() == all).then(|| mem::take(&mut *failed))
    };
    match errors {
        Some(errors) => errors,
        None => pending().await,
    }
}
