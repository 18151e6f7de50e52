//! Everything here ends by itself; this is for the day something hangs.

use std::time::Duration;

use tokio::time::timeout;

pub(crate) const LIMIT: Duration = Duration::from_mins(2);

pub(crate) async fn limited<F: Future>(what: &str, future: F) -> F::Output {
    let ended = timeout(LIMIT, future).await;
    ended.unwrap_or_else(|_elapsed| panic!("{what}: not within {LIMIT:?}"))
}
