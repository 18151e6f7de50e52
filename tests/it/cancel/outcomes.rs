//! What a cancel scope returns tells its own cancellation, one from around it, its deadline, and a completion apart.

use std::future::pending;
use std::time::Duration;

use lifespan::{
    CancelScope,
    cancellation::{CancelledBy, Outcome},
};

use crate::everywhere::everywhere;

#[test]
fn completed() {
    everywhere(|| async {
        let outcome = CancelScope::new().run(async { 7 }).await;
        assert!(matches!(outcome, Outcome::Completed(7)));
        assert!(!outcome.is_cancelled() && outcome.cancellation().is_none());
        assert_eq!(outcome.into_result().unwrap(), 7);
    });
}

#[test]
fn by_this_scope() {
    everywhere(|| async {
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            canceller.cancel();
            pending::<()>().await;
        });
        let Outcome::Cancelled(error, None) = outcome.await else {
            panic!("not dropped")
        };
        assert_eq!(error.by(), CancelledBy::ThisScope);
    });
}

#[test]
fn by_an_outer_one() {
    everywhere(|| async {
        let outer = CancelScope::new();
        let canceller = outer.canceller();
        let outcome = outer.run(async {
            let inner = CancelScope::new().timeout(Duration::from_secs(60));
            let inner = inner.run(async {
                canceller.cancel();
                pending::<()>().await;
            });
            inner.await.into_result().unwrap_err().by()
        });
        let Outcome::Cancelled(error, Some(inner)) = outcome.await else {
            panic!("not told")
        };
        assert_eq!((error.by(), inner), (CancelledBy::ThisScope, CancelledBy::Outer));
    });
}

#[test]
fn by_its_deadline() {
    everywhere(|| async {
        let scope = CancelScope::new().timeout(Duration::from_millis(1));
        let cancelled = scope.run(pending::<()>()).await.into_result().unwrap_err();
        assert_eq!(cancelled.by(), CancelledBy::Deadline);
    });
}

#[test]
fn completed_anyway() {
    everywhere(|| async {
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            canceller.cancel();
            7
        });
        let outcome = outcome.await;
        assert!(matches!(outcome, Outcome::CompletedAnyway(7, _)));
        assert!(!outcome.is_cancelled() && outcome.cancellation().is_some());
        assert_eq!(outcome.into_result().unwrap(), 7);
    });
}
