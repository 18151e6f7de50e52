//! How long a round lasts in which a cancelled body is asked what of it is still polled (law 13).

use std::time::Duration;

use lifespan::{CancelScope, Error};
use tokio::time::{Instant, sleep};

use super::forever;
use crate::everywhere::paused;
use crate::journal::{Journal, Step};

const MS: Duration = Duration::from_millis(1);

/// With a grace of zero, too, what unwinds and is polled is waited for: a round lets the next poll come.
#[test]
fn zero_cuts_nothing_short_that_is_polled_law_13() {
    paused().block_on(async {
        let journal = Journal::new();
        let [outer, inner, other] =
            ["outer", "inner", "other"].map(|name| journal.resource(name).exit(Step::Sleep(10 * MS)).lifespan());
        let scope = CancelScope::new().grace(Duration::ZERO);
        let canceller = scope.canceller();
        tokio::spawn(async move {
            sleep(3 * MS).await;
            canceller.cancel();
        });
        let started = Instant::now();
        let body = outer.scope(async |_| -> Result<(), Error> { inner.scope_ok(forever).await });
        let outcome = scope
            .run(async { tokio::join!(body, other.scope_ok(forever::<()>)) })
            .await;
        assert!(outcome.is_cancelled());
        assert_eq!(started.elapsed(), 23 * MS);
        journal.assert([
            "enter outer",
            "enter inner",
            "wait",
            "enter other",
            "wait",
            "exit other: cancelled",
            "exit inner: cancelled",
            "exited inner",
            "exit outer: cancelled",
            "exited other",
            "exited outer",
        ]);
    });
}
