//! Every limit fires.

use std::pin::pin;
use std::time::Duration;

use futures_util::poll;
use lifespan::{
    BoxError, CancelScope, Enter, Error, ErrorKind, Exit, Lifespan, Phase, Resource, race, race_all, shield,
    shield_for, timeout, timeout_at, until,
};
use tokio::sync::oneshot;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{GaveUp, LIMIT, busy, busy_until, on_every_runtime};
use crate::journal::Journal;

fn quiet() -> Lifespan<Resource<()>, impl Enter<Resource<()>>> {
    Lifespan::new(async { Ok::<_, BoxError>(()) }, async |(), _: &Exit| ())
}

#[test]
fn timeouts_law_15() {
    on_every_runtime(|| async {
        assert!(timeout(LIMIT, busy()).await.unwrap_err().is_timeout());
        let late = timeout_at(Instant::now() + LIMIT, busy()).await;
        assert!(late.unwrap_err().is_timeout());
        let around = timeout(LIMIT, timeout(Duration::MAX, busy())).await;
        assert!(around.unwrap_err().is_timeout());
    });
}

#[test]
fn deadlines_of_a_cancel_scope_law_15() {
    on_every_runtime(|| async {
        let outcome = CancelScope::new().timeout(LIMIT).run(busy()).await;
        assert!(outcome.is_cancelled());
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope.run(async {
            canceller.set_deadline(Instant::now() + LIMIT);
            busy().await
        });
        assert!(outcome.await.is_cancelled());
    });
}

#[test]
fn stops_of_until_law_13() {
    on_every_runtime(|| async {
        assert!(until(sleep(LIMIT), busy()).await.is_err());
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(async move {
            sleep(LIMIT).await;
            let _ = stop.send(());
        });
        assert!(until(stopped, busy()).await.is_err());
        let (inner, outer) = (sleep(LIMIT), std::future::pending::<()>());
        assert!(until(outer, until(inner, busy())).await.unwrap().is_err());
        let (inner, outer) = (std::future::pending::<()>(), sleep(LIMIT));
        assert!(until(outer, until(inner, busy())).await.is_err());
    });
}

/// A stop is a user's, and gets no more than its share: neither does it keep the body from running, nor the other tasks, nor what
/// is around both.
#[test]
fn stops_that_are_never_idle_law_13() {
    on_every_runtime(|| async {
        let steps = |count| async move {
            for _ in 0..count {
                consume_budget().await;
            }
            count
        };
        assert_eq!(until(busy(), steps(1000)).await.unwrap(), 1000);
        assert!(until(steps(1000), busy()).await.is_err());
        let inner = until(busy(), until(sleep(LIMIT), busy()));
        assert!(inner.await.unwrap().is_err());
        let both = timeout(LIMIT, until(busy(), busy())).await;
        assert!(both.unwrap_err().is_timeout());
    });
}

#[test]
fn tokens_law_13() {
    on_every_runtime(|| async {
        let token = CancellationToken::new();
        let stop = token.clone();
        tokio::spawn(async move {
            sleep(LIMIT).await;
            stop.cancel();
        });
        let outcome = CancelScope::from_token(&token).run(busy()).await;
        assert!(outcome.is_cancelled());
    });
}

#[test]
fn races_law_16() {
    on_every_runtime(|| async {
        let slept = async {
            sleep(LIMIT).await;
            None
        };
        assert_eq!(race((async { Some(busy().await) }, slept)).await, None);
        let ended = race_all((0..5).map(|branch| async move {
            if branch == 4 {
                sleep(LIMIT).await;
            } else {
                busy().await;
            }
            branch
        }));
        assert_eq!(ended.await, 4);
    });
}

#[test]
fn budgets_of_enters_law_17() {
    on_every_runtime(|| async {
        let enter = async {
            busy().await;
            Ok::<_, BoxError>(())
        };
        let entering = Lifespan::new(enter, async |(), _: &Exit| ()).enter_timeout(LIMIT);
        let error = entering.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::TimedOut, Phase::Enter));
    });
}

#[test]
fn budgets_of_exits_law_6() {
    on_every_runtime(|| async {
        let exit = async |(), exit: &Exit| {
            exit.progress("working off the queue");
            busy().await;
        };
        let exiting = Lifespan::new(async { Ok::<_, BoxError>(()) }, exit).exit_timeout(LIMIT);
        let error = exiting.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::TimedOut, Phase::Exit));
        assert!(error.to_string().contains("working off the queue"), "{error}");
    });
}

#[test]
fn budgets_of_shields_law_6() {
    on_every_runtime(|| async {
        assert!(shield_for(LIMIT, busy()).await.unwrap_err().is_timeout());
    });
}

/// What nothing polls any more cannot unwind: the grace ends, though the body around it is never idle.
#[test]
fn graces_law_13() {
    on_every_runtime(|| async {
        let journal = Journal::new();
        let kept = journal.resource("kept").lifespan();
        let scope = CancelScope::new().timeout(LIMIT).grace(LIMIT);
        let outcome = scope.run(async {
            let mut kept = pin!(kept.scope_ok(async |_| std::future::pending::<()>().await));
            assert!(poll!(&mut kept).is_pending());
            busy().await
        });
        assert!(outcome.await.into_value().is_none());
        journal.assert(["enter kept", "report NotPolled kept", "exit kept: timed out"]);
    });
}

/// Each takes longer than a step of the budget.
const MOST: u32 = 20_000_000;

/// Scopes that never wait: each takes part in the budget, so that a body which begins one after the other does wait.
#[test]
fn scope_after_scope_law_15() {
    on_every_runtime(|| async {
        let late = timeout(LIMIT, async {
            for _ in 0..MOST {
                let scope: Result<(), Error> = quiet().scope_ok(async |_| ()).await;
                if scope.is_err() {
                    return std::future::pending().await; // it was told
                }
            }
            GaveUp
        });
        assert!(late.await.unwrap_err().is_timeout());
    });
}

#[test]
fn timeout_after_timeout_law_15() {
    on_every_runtime(|| async {
        let late = timeout(LIMIT, async {
            for _ in 0..MOST {
                let _ = timeout(Duration::MAX, async {}).await;
            }
            GaveUp
        });
        assert!(late.await.unwrap_err().is_timeout());
    });
}

#[test]
fn shield_after_shield_law_15() {
    on_every_runtime(|| async {
        let late = timeout(LIMIT, async {
            for _ in 0..MOST {
                shield(async {}).await;
            }
            GaveUp
        });
        assert!(late.await.unwrap_err().is_timeout());
    });
}

/// The other tasks of the thread run meanwhile.
#[test]
fn others_run_law_13() {
    on_every_runtime(|| async {
        let (come, came) = oneshot::channel();
        let other = tokio::spawn(async move { came.await.is_ok() });
        assert!(timeout(LIMIT, until(busy(), busy_until(|| false))).await.is_err());
        come.send(()).unwrap();
        assert!(other.await.unwrap());
    });
}
