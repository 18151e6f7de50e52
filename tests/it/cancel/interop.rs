//! Tokens of `tokio_util`, both ways.

use std::future::pending;

use lifespan::{CancelScope, cancellation::CancelledBy};
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use crate::everywhere::everywhere;
use crate::journal::{Journal, Step};

#[test]
fn scope_from_a_token() {
    everywhere(|| async {
        let journal = Journal::new();
        let token = CancellationToken::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let scope = CancelScope::from_token(&token);
        let run = scope.run(db.scope_ok(async |_| pending::<()>().await));
        let (outcome, ()) = tokio::join!(run, async {
            yield_now().await;
            token.cancel();
        });
        let cancelled = outcome.into_result().unwrap_err();
        assert_eq!(cancelled.by(), CancelledBy::ThisScope);
        assert!(cancelled.to_string().contains("the token of "), "{cancelled}");
        journal.assert(["enter db", "exit db: cancelled", "exited db"]);
    });
}

#[test]
fn token_that_is_cancelled_already_law_14() {
    everywhere(|| async {
        let journal = Journal::new();
        let token = CancellationToken::new();
        token.cancel();
        let db = journal.resource("db").lifespan();
        let outcome = CancelScope::from_token(&token).run(db.scope_ok(async |_| ()));
        assert!(outcome.await.is_cancelled());
        journal.assert([]);
    });
}

/// Cancelling the scope leaves the token alone.
#[test]
fn one_way() {
    everywhere(|| async {
        let token = CancellationToken::new();
        let scope = CancelScope::from_token(&token);
        scope.canceller().cancel();
        assert!(scope.run(pending::<()>()).await.is_cancelled());
        assert!(!token.is_cancelled());
    });
}

/// A token of a scope follows it, also from around, and also when it is made later.
#[test]
fn token_of_a_scope() {
    everywhere(|| async {
        let outer = CancelScope::new();
        let stop = outer.canceller();
        let outcome = outer.run(async {
            let inner = CancelScope::new();
            let canceller = inner.canceller();
            let token = canceller.token();
            let other = canceller.token();
            other.cancel();
            assert!(!canceller.is_cancelled() && !token.is_cancelled());
            let outcome = inner.run(async {
                let spawned = tokio::spawn(token.clone().cancelled_owned());
                stop.cancel();
                assert!(token.is_cancelled() && canceller.token().is_cancelled());
                lifespan::shield(spawned).await.unwrap();
            });
            outcome.await
        });
        assert!(outcome.await.into_value().is_some());
    });
}
