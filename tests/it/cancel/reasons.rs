//! Who cancelled, where, and why: the first reason is kept, and every error tells it (law 15).

use std::future::pending;
use std::time::Duration;

use lifespan::{CancelScope, Cancelled, Error, Phase, timeout, until};
use tokio::task::yield_now;

use crate::everywhere::{everywhere, paused};
use crate::journal::Journal;

/// CASES P62: the text names who asked and where.
#[test]
fn names_who_and_where_law_15() {
    paused().block_on(async {
        let scope = CancelScope::new().named("import");
        let canceller = scope.canceller();
        let place = line!() + 1;
        let asks = tokio::spawn(async move { canceller.cancel_because("the disk is full") });
        let task = asks.id();
        let db = Journal::new().resource("db").lifespan().named("db");
        let body = db.scope(async |_| -> Result<(), Error> { pending().await });
        let outcome = scope.run(body).await;
        assert!(asks.await.unwrap());
        let cancellation = outcome.cancellation().unwrap().clone();
        assert_eq!(cancellation.reason(), Some("the disk is full"));
        assert_eq!(cancellation.requested_by(), Some(&*format!("task {task}")));
        assert_eq!(cancellation.place().line(), place);
        let error = outcome.into_value().unwrap().unwrap_err();
        assert_eq!(
            (error.phase(), error.cancellation().unwrap().place().line()),
            (Phase::Body, place)
        );
        assert_eq!(
            error.to_string(),
            format!(
                "the scope of `db` was cancelled: the disk is full, cancelled by task {task} at {}",
                cancellation.place()
            )
        );
    });
}

/// What is refused says so.
#[test]
fn refused_enter_law_14() {
    everywhere(|| async {
        let scope = CancelScope::new();
        scope.canceller().cancel_because("closing");
        let db = Journal::new().resource("db").lifespan().named("db");
        let outcome = scope.run(db.scope_ok(async |_| ())).await;
        let text = outcome.into_value().unwrap().unwrap_err().to_string();
        assert!(
            text.starts_with("resource `db` was not entered: closing, cancelled by "),
            "{text}"
        );
    });
}

/// CASES P43: cancelled twice, the first reason stays.
#[test]
fn first_reason_law_15() {
    everywhere(|| async {
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        assert!(canceller.cancel_because("first"));
        assert!(!canceller.clone().cancel_because("second"));
        assert_eq!(canceller.cancellation().unwrap().reason(), Some("first"));
        let outcome = scope.run(pending::<()>()).await;
        assert_eq!(outcome.cancellation().unwrap().reason(), Some("first"));
    });
}

/// The error of a timeout names its place, and converts, so that `?` works in a body.
#[test]
fn error_of_a_timeout() {
    everywhere(|| async {
        let db = Journal::new().resource("db").lifespan();
        let place = line!() + 3;
        let error = db
            .scope(async |_| -> Result<(), Error> {
                timeout(Duration::ZERO, pending::<()>()).await?;
                Ok(())
            })
            .await
            .unwrap_err();
        assert!(error.is_timeout());
        assert_eq!((error.resource(), error.place().line()), ("timeout", place));
        assert!(error.downcast_ref::<Cancelled>().is_some());
        let text = error.to_string();
        assert!(text.starts_with("the deadline of the `timeout` at "), "{text}");
        assert!(text.ends_with(" passed"), "{text}");
    });
}

/// `until`: cancelled when something has happened.
#[test]
fn until_something_happens() {
    everywhere(|| async {
        let journal = Journal::new();
        let stop = async {
            yield_now().await;
            yield_now().await;
        };
        let db = journal.resource("db").lifespan();
        let stopped = until(stop, db.scope_ok(async |_| pending::<()>().await)).await;
        let stopped = stopped.unwrap_err();
        assert!(!stopped.is_timeout());
        let text = stopped.to_string();
        assert!(
            text.starts_with("the `until` at ") && text.ends_with(" was stopped"),
            "{text}"
        );
        assert_eq!(text.matches("until").count(), 1, "{text}");
        assert_eq!(until(pending::<()>(), async { 7 }).await.unwrap(), 7);
        // It has happened already: nothing is entered.
        let db = journal.resource("late").lifespan();
        assert!(until(async {}, db.scope_ok(async |_| ())).await.is_err());
        journal.assert(["enter db", "exit db: cancelled"]);
    });
}

/// A canceller outlives its scope, and then does nothing.
#[test]
fn canceller_of_a_scope_that_ended() {
    everywhere(|| async {
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        assert_eq!(scope.run(async { 7 }).await.into_result().unwrap(), 7);
        canceller.cancel();
        let text = format!("{canceller:?}");
        assert!(text.contains("Canceller"), "{text}");
    });
}
